import { describe, expect, it } from 'vitest'
import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load-config.ts'

const model_list = ['a', 'b', 'c'].map(pool => ({ model_name: pool, litellm_params: { model: 'mock/x' } }))

function load(...routing_groups: object[]) {
  const { settings, findings } = loadConfig(
    { object: { model_list, router_settings: { routing_groups } } },
    { env: {}, tolerant: true },
  )
  return { routing: settings.routing, lines: findings.map(one => `${one.severity} ${formatFinding(one)}`) }
}

describe('routing_groups', () => {
  it('gives pools their strategy, and a name to all of them together', () => {
    const { routing, lines } = load({ group_name: 'g', models: ['a', 'b'], routing_strategy: 'least-busy' })
    expect(lines).toEqual([])
    expect(routing.poolStrategies.a?.name).toBe('least-busy')
    expect(routing.groups).toMatchObject({ g: { by: 'strategy', pools: ['a', 'b'], strategy: { name: 'least-busy' } } })
  })

  it('orders pools by priority and leaves their strategies alone', () => {
    const group = { group_name: 'g', models: ['a', 'b', 'c'], routing_strategy: 'priority' }
    const { routing, lines } = load(
      { ...group, model_priorities: { a: 2, b: '1', c: 2 } },
      { ...group, group_name: 'h', models: ['b', 'a'], model_priorities: { a: 1, b: 2 } },
    )
    expect(lines).toEqual([])
    expect(routing.poolStrategies).toEqual({})
    expect(routing.groups).toEqual({
      g: { by: 'priority', ranks: [['b'], ['a', 'c']] },
      h: { by: 'priority', ranks: [['a'], ['b']] },
    })
  })

  it('leaves a name to the pool that has it', () => {
    const { routing, lines } = load({ group_name: 'a', models: ['a'], routing_strategy: 'least-busy' })
    expect(lines).toEqual([])
    expect(routing.groups).toEqual({})
  })

  it.each<[object, RegExp]>([
    [{ group_name: 'default' }, /^error .*group_name: default is reserved/],
    [{ models: ['a', 'z'] }, /^report .*models\[1\]: no pool is called z/],
    [{ routing_strategy: 'priority' }, /^error .*model_priorities: is required/],
    [{ routing_strategy: 'priority', group_name: 'a', model_priorities: { a: 1 } }, /^error .*a name that no pool has/],
    [{ routing_strategy: 'priority', model_priorities: { a: 1, c: 2 } }, /^report .*the pool c is not in the group/],
    [{ routing_strategy: 'priority', models: ['a', 'b'], model_priorities: { a: 1 } }, /^report .*b has no priority/],
  ])('says what is wrong with %j', (group, line) => {
    const { lines } = load({ group_name: 'g', models: ['a'], routing_strategy: 'least-busy', ...group })
    expect(lines).toEqual([expect.stringMatching(line)])
  })

  it('refuses priority where there is no group', () => {
    const { findings } = loadConfig(
      { object: { model_list, router_settings: { routing_strategy: 'priority' } } },
      { env: {}, tolerant: true },
    )
    expect(findings.map(one => one.message)).toEqual(['priority is for routing_groups alone'])
  })
})
