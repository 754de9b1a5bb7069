import { describe, expect, it } from 'vitest'
import { findHost, findHostByUrl, hosts, hostsWithoutSupport } from './catalogue.ts'

describe('the catalogue', () => {
  it('knows at least thirty hosts, none of them twice', () => {
    const names = hosts.flatMap(host => [host.name, ...host.aliases])
    expect(hosts.length).toBeGreaterThanOrEqual(30)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter(name => hostsWithoutSupport.includes(name))).toEqual([])
  })

  it.each(hosts.filter(host => host.baseUrl).map(host => [host.name, host] as const))(
    '%s has a base URL that something can be put behind',
    (_, host) => {
      expect(URL.canParse(host.baseUrl ?? '')).toBe(true)
      expect(host.baseUrl).not.toMatch(/\/$/)
      if (host.keyRequired) expect(new URL(host.baseUrl ?? '').protocol).toBe('https:')
    },
  )

  it('says where the key of every host that needs one is looked for', () => {
    expect(hosts.filter(host => host.keyRequired && host.keyVariables.length === 0)).toEqual([])
  })

  it('finds a host by name and by alias, and none by chance', () => {
    expect(findHost('groq')?.keyVariables).toEqual(['GROQ_API_KEY'])
    expect(findHost('ollama_chat')?.name).toBe('ollama')
    expect(findHost('vllm')?.name).toBe('hosted_vllm')
    expect(findHost('constructor')).toBeUndefined()
  })

  it('finds a host by the origin of a URL', () => {
    expect(findHostByUrl('https://api.mistral.ai/v1/')?.name).toBe('mistral')
    expect(findHostByUrl('https://mistral.example/v1')).toBeUndefined()
    expect(findHostByUrl('not a url')).toBeUndefined()
  })
})
