import { describe, expect, it } from 'vitest'
import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load-config.ts'

function load(general: string) {
  const text = `model_list:\n  - {model_name: m, litellm_params: {model: mock/x}}\ngeneral_settings: {${general}}\n`
  const { settings, findings } = loadConfig({ text }, { env: {}, tolerant: true })
  const lines = findings.map(one => `${one.severity} ${formatFinding(one)}`)
  return { addresses: settings.gateway.allowedAddresses, lines }
}

describe('allowed_ips', () => {
  it('are no rules where they are absent', () => {
    expect(load('')).toEqual({ addresses: undefined, lines: [] })
    const { addresses, lines } = load('use_x_forwarded_for: true')
    expect(addresses).toBeUndefined()
    expect(lines).toEqual([expect.stringContaining('has an effect with allowed_ips only')])
  })

  it('with the proxies before the gateway', () => {
    const ten = { address: '10.0.0.0', family: 'ipv4', prefix: 8 }
    const one = { address: '::1', family: 'ipv6', prefix: 128 }
    expect(load('allowed_ips: [10.0.0.0/8]')).toEqual({ addresses: { allowed: [ten] }, lines: [] })
    expect(load('allowed_ips: [10.0.0.0/8], use_x_forwarded_for: true, mcp_trusted_proxy_ranges: ["::1"]')).toEqual({
      addresses: { allowed: [ten], forwarded: { proxies: [one] } },
      lines: [],
    })
  })

  it.each([
    ['allowed_ips: []', 'error', 'is empty, so nobody could call'],
    ['allowed_ips: [10.0.0.1, localhost]', 'error', 'allowed_ips[1]: expected an address or a range'],
    [
      'allowed_ips: [10.0.0.1], mcp_trusted_proxy_ranges: [10.0.0.0/99]',
      'error',
      'mcp_trusted_proxy_ranges[0]: expected',
    ],
    ['allowed_ips: [10.0.0.1], use_x_forwarded_for: true', 'report', 'whoever connects may say which address it has'],
  ])('%s: %s', (general, severity, said) => {
    const { lines } = load(general)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(new RegExp(`^${severity} `))
    expect(lines[0]).toContain(said)
  })
})
