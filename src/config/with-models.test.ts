import { describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'

const ENV = { OPENAI_API_KEY: 'sk-openai-secret-0001', SPARE_KEY: 'sk-spare-secret-0002' }
const FILE = `
model_list:
  - {model_name: fast, litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY}, model_info: {id: one}}
router_settings: {fallbacks: [{fast: [spare]}]}
`
const config = () => loadConfig({ text: FILE }, { env: ENV })

function entry(params: object, info: object = {}): object {
  return { model_name: 'spare', litellm_params: params, model_info: info }
}

describe('a configuration with further models', () => {
  it('compiles them as if they stood at the end of model_list', () => {
    const params = { model: 'openai/gpt-4o', api_key: 'os.environ/SPARE_KEY', rpm: 7 }
    const { settings, findings, entries } = config().withModels([entry(params, { id: 'two' })])
    const text = `${FILE.replace('router_settings', `  - ${JSON.stringify(entry(params, { id: 'two' }))}\nrouter_settings`)}`
    expect(settings.routing.deployments).toEqual(loadConfig({ text }, { env: ENV }).settings.routing.deployments)
    expect(settings.routing.deployments.at(1)?.apiKey?.reveal()).toBe('sk-spare-secret-0002')
    expect(findings).toEqual([[]])
    expect([...entries]).toEqual([
      ['one', 0],
      ['two', 1],
    ])
  })

  it('gives the same ids to what is in the file, however often it is compiled', () => {
    const anonymous = loadConfig({ text: FILE.replace(', model_info: {id: one}', '') }, { env: ENV })
    const [first] = anonymous.settings.routing.deployments
    expect(anonymous.withModels([]).settings.routing.deployments[0]?.id).toBe(first?.id)
  })

  it('tells what is wrong with each of them and compiles the others', () => {
    const { settings, findings, leftOut } = config().withModels([
      entry({ model: 'no-provider-here' }),
      entry({}),
      entry({ model: 'openai/x' }, { id: 'one' }),
      entry({ model: 'anthropic/claude-3-5-haiku-20241022' }),
      entry({ model: 'openai/gpt-4o', api_base: 'ftp://there' }),
    ])
    expect(settings.routing.deployments.map(one => one.id)).toEqual(['one'])
    const errors = findings.map(list => list.filter(one => one.severity === 'error').map(one => one.path))
    expect(errors).toEqual([
      ['litellm_params.model'],
      ['litellm_params.model'],
      ['model_info.id'],
      [],
      ['litellm_params.api_base'],
    ])
    expect(leftOut.find(one => one.entry === 4)?.reason).toContain('no key')
  })

  it('shows them without their secrets', () => {
    const secret = 'sk-very-secret-0003'
    const { models } = config().withModels([
      entry({
        model: 'openai/gpt-4o',
        api_key: secret,
        extra_headers: { 'x-any': secret },
        aws_access_key_id: secret,
        aws_session_token: secret,
        vertex_credentials: { private: secret },
        api_base: `https://user:${secret}@there.example/v1`,
      }),
    ])
    expect(JSON.stringify(models)).not.toContain(secret)
    expect(models[1]).toMatchObject({ litellm_params: { model: 'openai/gpt-4o', api_key: '***' } })
  })
})
