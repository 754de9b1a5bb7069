import { describe, expect, it } from 'vitest'
import { formatFinding } from './finding.ts'
import { loadConfig } from './load-config.ts'

const model = (name: string) => `{model_name: ${name}, litellm_params: {model: mock/${name}}}`

function load(files: Record<string, string>) {
  const readFile = (path: string) => {
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT ${path}`)
    return text
  }
  const config = loadConfig({ path: '/etc/tollgate/main.yaml' }, { env: {}, readFile, tolerant: true })
  const lines = config.findings.map(one => `${one.severity} ${formatFinding(one)}`)
  return { pools: config.settings.routing.deployments.map(one => one.pool), lines, config }
}

describe('include', () => {
  it('appends lists and replaces the rest, saying both places', () => {
    const { pools, lines, config } = load({
      '/etc/tollgate/main.yaml': `include: [more.yaml]\nmodel_list: [${model('a')}]\nrouter_settings: {num_retries: 1}\n`,
      '/etc/tollgate/more.yaml': `model_list: [${model('b')}]\nrouter_settings: {timeout: 5}\n`,
    })
    expect(pools).toEqual(['a', 'b'])
    expect(config.settings.routing.retries.count).toBe(2)
    expect(config.settings.routing.timeouts.attemptMs).toBe(5000)
    expect(lines).toEqual(['report more.yaml:2:1 router_settings: replaces the one at /etc/tollgate/main.yaml:3:1'])
  })

  it('names the file of a finding in an included one', () => {
    const { lines } = load({
      '/etc/tollgate/main.yaml': 'include: [more.yaml]\n',
      '/etc/tollgate/more.yaml': `model_list:\n  - ${model('b')}\nrouter_settings:\n  num_retires: 1\n`,
    })
    expect(lines).toEqual(['report more.yaml:4:3 router_settings.num_retires: unknown key, did you mean num_retries?'])
  })

  it('resolves nested files against the main one and refuses cycles', () => {
    const { pools, lines } = load({
      '/etc/tollgate/main.yaml': `include: [sub/one.yaml]\nmodel_list: [${model('a')}]\n`,
      '/etc/tollgate/sub/one.yaml': `include: [sub/two.yaml]\nmodel_list: [${model('b')}]\n`,
      '/etc/tollgate/sub/two.yaml': `include: [sub/one.yaml]\nmodel_list: [${model('c')}]\n`,
    })
    expect(pools).toEqual(['a', 'b', 'c'])
    expect(lines).toEqual(['error sub/two.yaml:1:11 include[0]: sub/one.yaml includes itself'])
  })

  it('refuses a missing file and what is no list', () => {
    expect(load({ '/etc/tollgate/main.yaml': 'include: [gone.yaml]\n' }).lines[0]).toContain('gone.yaml cannot be read')
    expect(load({ '/etc/tollgate/main.yaml': 'include: more.yaml\n' }).lines[0]).toContain('expected a list of files')
  })
})
