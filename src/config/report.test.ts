import { describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'
import { configReport, formatReport } from './report.ts'

const TEXT = `model_list:
  - {model_name: fast, litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY}}
  - {model_name: fast, litellm_params: {model: mistral/mistral-small-latest}}
  - {model_name: own, litellm_params: {model: hosted_vllm/x, api_base: "http://u:hunter2@vllm.local:8000/v1?key=hunter2"}}
router_settings: {num_retires: 1}
`
const env = { OPENAI_API_KEY: 'sk-secret-of-openai-1234' }
const config = loadConfig({ text: TEXT }, { env })

describe('formatReport', () => {
  it('says what answers, with which key, at which price, and what is wrong', () => {
    const lines = formatReport(config).split('\n')
    expect(lines[0]).toBe('fast (simple-shuffle)')
    expect(lines[1]).toContain(
      'openai/gpt-4o-mini · key from OPENAI_API_KEY · $0.15 in, $0.60 out per million tokens (',
    )
    expect(lines.join('\n')).toContain('fast: mistral/mistral-small-latest: mistral/mistral-small-latest has no key')
    expect(lines.join('\n')).toContain('hosted_vllm/x · no key needed · no price is known')
    expect(lines.join('\n')).toContain('config.yaml:5:19 router_settings.num_retires: unknown key')
    expect(lines.at(-2)).toBe('2 pools, 2 deployments; 0 errors, 2 reports, 0 notes')
  })

  it('shows no secret, in text or as data', () => {
    const shown = formatReport(config) + JSON.stringify(configReport(config)) + JSON.stringify(config.document)
    expect(shown).not.toContain('sk-secret')
    expect(formatReport(config) + JSON.stringify(configReport(config))).not.toContain('hunter2')
  })

  it('has colours only when asked for and not forbidden', () => {
    const colour = String.fromCharCode(27)
    expect(formatReport(config, { color: true, env: {} })).toContain(colour)
    expect(formatReport(config, { color: true, env: { NO_COLOR: '1' } })).not.toContain(colour)
    expect(formatReport(config)).not.toContain(colour)
  })
})
