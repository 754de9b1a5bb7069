import { describe, expect, it } from 'vitest'
import { configJsonSchema, type JsonSchema } from './json-schema.ts'
import { tollgateReference } from './keys/tollgate.ts'

function at(path: string): JsonSchema {
  let schema = configJsonSchema()
  for (const step of path.split('.')) {
    const inner = step === '[]' ? schema.items : (schema.properties as Record<string, JsonSchema> | undefined)?.[step]
    schema = (inner ?? {}) as JsonSchema
  }
  return schema
}

describe('configJsonSchema', () => {
  it('describes keys of every section', () => {
    for (const path of [
      'router_settings.num_retries',
      'litellm_settings.drop_params',
      'general_settings.master_key',
      'general_settings.enable_jwt_auth',
      'model_list.[].litellm_params.model',
      'model_list.[].model_info.max_input_tokens',
      'tollgate_settings.telemetry.traces.exporter',
      'tollgate_settings.routing.cost_threshold_usd',
    ]) {
      expect(at(path).description, path).toEqual(expect.any(String))
    }
  })

  it('says of a key without effect that it has none', () => {
    expect(at('general_settings.enable_jwt_auth')['x-tollgate-mark']).toBe('accept!')
    expect(at('litellm_settings.max_ui_session_budget').description).toContain('no effect yet')
  })

  it('lets a reference to the environment stand for a number', () => {
    const { anyOf } = at('router_settings.num_retries')
    expect(anyOf).toContainEqual({ type: 'string', pattern: '^os\\.environ/' })
  })

  it('is JSON', () => {
    expect(() => JSON.stringify(configJsonSchema())).not.toThrow()
    expect(JSON.parse(JSON.stringify(configJsonSchema()))).toMatchObject({ type: 'object' })
  })

  it('has a row of documentation for each of our own keys', () => {
    for (const [path, form, meaning] of tollgateReference) {
      expect(form, path).not.toBe('see the schema')
      expect(meaning.length, path).toBeGreaterThan(10)
    }
  })
})
