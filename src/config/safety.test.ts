import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from './finding.ts'
import { generalKeys } from './keys/general.ts'
import { routerKeys } from './keys/router.ts'
import { tollgateKeys } from './keys/tollgate.ts'
import { loadConfig } from './load-config.ts'
import { configReport } from './report.ts'

/** Maps that are read with care of their own. */
const MONEY = ['cache_params', 'tag_budget_config', 'priority_reservation', 'default_key_generate_params', 'max_budget']

const SECRET = 'hunter2-hunter2-hunter2'

describe('loadConfig is safe', () => {
  it('throws nothing but ConfigError, whatever the text', () => {
    const key = fc.constantFrom(...routerKeys.keys(), 'model_list', 'litellm_params', 'model', 'include', '__proto__')
    const fragment = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(
        ': ',
        '\n  ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '&a ',
        '*a',
        '<<: ',
        '!!binary ',
        '"',
        "'",
        '|',
        '? ',
        '---\n',
      ),
      key,
    )
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 25 }), parts => {
        expectOnlyConfigError(() => loadConfig({ text: parts.join('') }, { env: {}, readFile: refuse }))
      }),
      { numRuns: 150 },
    )
  })

  it('throws nothing but ConfigError, whatever the values', () => {
    const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>
    const ofRedis = fc.dictionary(
      fc.constantFrom('host', 'port', 'url', 'nodes', 'type', 'sentinel_nodes', 'tls'),
      value,
    )
    const document = fc.record(
      {
        model_list: fc.array(
          fc.record({
            model_name: value,
            litellm_params: fc.oneof(value, fc.record({ model: value, api_base: value })),
          }),
        ),
        router_settings: fc.dictionary(fc.constantFrom(...routerKeys.keys()), value),
        tollgate_settings: fc.dictionary(fc.constantFrom(...tollgateKeys.keys()), fc.oneof(value, ofRedis)),
        litellm_settings: fc.oneof(value, fc.dictionary(fc.constantFrom(...MONEY), fc.oneof(value, ofRedis))),
        general_settings: fc.oneof(value, fc.dictionary(fc.constantFrom(...generalKeys.keys()), value)),
        credential_list: value,
        include: value,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(document, object => {
        expectOnlyConfigError(() => loadConfig({ object }, { env: {}, readFile: refuse }))
        expectOnlyConfigError(() => {
          configReport(loadConfig({ object }, { env: {}, readFile: refuse, tolerant: true, serves: true }))
        })
      }),
      { numRuns: 150 },
    )
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('shows no secret in findings, JSON or logs', () => {
    const object = {
      environment_variables: { TEAM_KEY: SECRET },
      model_list: [
        { model_name: 'a', litellm_params: { model: 'openai/gpt-4o', api_key: SECRET, rpm: 'x' } },
        { model_name: 'b', litellm_params: { model: 'openai/gpt-4o', api_key: 'os.environ/TEAM_KEY' } },
        {
          model_name: 'c',
          litellm_params: { model: 'gpt-4o', litellm_credential_name: 'x', extra_headers: { 'x-token': SECRET } },
        },
        { model_name: 'd', litellm_params: { model: 'gpt-4o', aws_secret_access_key: SECRET, api_kee: SECRET } },
      ],
      credential_list: [{ credential_name: 'x', credential_values: { api_key: SECRET } }],
      general_settings: { master_key: SECRET, database_url: `postgres://u:${SECRET}@h/db` },
      litellm_settings: { openai_key: SECRET },
      tollgate_settings: { telemetry: { traces: { headers: { authorization: SECRET } } } },
    }
    const config = loadConfig({ object }, { env: {}, tolerant: true })
    expect(config.settings.routing.deployments.filter(one => one.apiKey?.reveal() === SECRET)).toHaveLength(4)
    expect(config.settings.routing.deployments[2]?.headers['x-token']?.reveal()).toBe(SECRET)
    expect(config.settings.routing.deployments[3]?.defaults).toEqual({})
    const shown = [config, config.settings, config.findings, config.document]
    for (const one of shown) {
      expect(JSON.stringify(one, replaceBigInt)).not.toContain(SECRET)
    }
    expect(inspect(config.settings.routing.deployments, { depth: 10 })).not.toContain(SECRET)
    expect(JSON.stringify(config.findings)).not.toContain(SECRET)
  })
})

function replaceBigInt(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function refuse(path: string): string {
  throw new Error(`no file ${path}`)
}

function expectOnlyConfigError(action: () => unknown): void {
  try {
    action()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
  }
}
