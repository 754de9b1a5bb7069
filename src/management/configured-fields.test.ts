import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ACCESS_DEFAULTS, type AccessSettings } from '../core/access-settings.ts'
import { withConfigured } from './configured-fields.ts'
import type { Operation } from './operation.ts'

const input = z.strictObject({
  max_budget: z.number().nullish(),
  duration: z.union([z.literal('-1').transform(() => null), z.string()]).nullish(),
  budget_duration: z.string().nullish(),
  rpm_limit: z.number().nullish(),
  models: z.array(z.string()).nullish(),
})

function parse(name: string, settings: Partial<AccessSettings>, sent: unknown) {
  const operation = { name, input } as unknown as Operation
  const [one] = withConfigured([operation], { ...ACCESS_DEFAULTS, ...settings })
  const result = one?.input.safeParse(sent)
  return result?.success ? result.data : result?.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
}

describe('what is configured of new keys, users and teams', () => {
  it('leaves everything as it is when nothing is', () => {
    expect(parse('key/generate', {}, { max_budget: null })).toEqual({ max_budget: null })
  })

  it('fills in what a request does not set', () => {
    const keyDefaults = { max_budget: 5, models: ['fast'] }
    expect(parse('key/generate', { keyDefaults }, { max_budget: null })).toEqual({ max_budget: 5, models: ['fast'] })
    expect(parse('key/generate', { keyDefaults }, { max_budget: 0, models: [] })).toEqual({ max_budget: 0, models: [] })
    expect(parse('key/update', { keyDefaults }, {})).toEqual({})
    expect(parse('user/new', { userDefaults: { max_budget: 1 } }, {})).toEqual({ max_budget: 1 })
    expect(parse('team/new', { teamDefaults: { rpm_limit: 2 } }, {})).toEqual({ rpm_limit: 2 })
    expect(parse('team/new', { userDefaults: { max_budget: 1 } }, {})).toEqual({})
  })

  it('judges defaults like everything else', () => {
    expect(parse('user/new', { userDefaults: { nonsense: 1 } }, {})).toEqual([' Unrecognized key: "nonsense"'])
  })

  const keyCeilings = { max_budget: 10, duration: '1mo', budget_duration: '30d', rpm_limit: 60 }

  it('gives a new key the most there is, and its defaults first', () => {
    expect(parse('key/generate', { keyCeilings, keyDefaults: { rpm_limit: 6 } }, {})).toEqual({
      max_budget: 10,
      duration: '1mo',
      budget_duration: '30d',
      rpm_limit: 6,
    })
  })

  it.each([
    ['key/generate', { max_budget: 10.01 }, 'max_budget must not be more than 10, which is configured'],
    ['key/generate', { duration: '32d' }, 'duration must not be more than 1mo, which is configured'],
    ['key/generate', { duration: '-1' }, 'duration must not be more than 1mo, which is configured'],
    ['key/generate', { budget_duration: 'month' }, 'budget_duration must not be more than 30d, which is configured'],
    ['key/update', { budget_duration: 'total' }, 'budget_duration must not be more than 30d, which is configured'],
    ['key/update', { rpm_limit: null }, 'rpm_limit must not be more than 60, which is configured'],
    ['key/regenerate', { rpm_limit: 61 }, 'rpm_limit must not be more than 60, which is configured'],
  ])('%s does not give %j', (name, sent, message) => {
    expect(parse(name, { keyCeilings }, sent)).toEqual([message])
  })

  it('judges of a new user how long their key lives, and nothing else', () => {
    expect(parse('user/new', { keyCeilings }, { max_budget: 11 })).toEqual({ max_budget: 11, duration: '1mo' })
    expect(parse('user/new', { keyCeilings }, { duration: '32d' })).toEqual([
      'duration must not be more than 1mo, which is configured',
    ])
  })

  it('judges each of many keys', () => {
    const sent = {
      keys: [
        { key: 'one', max_budget: 10 },
        { key: 'two', max_budget: 11 },
      ],
    }
    expect(parse('key/bulk_update', { keyCeilings }, sent)).toEqual([
      'keys.1.max_budget must not be more than 10, which is configured',
    ])
  })

  it('gives up to the ceiling, and judges no other operation by it', () => {
    const most = { max_budget: 10, duration: '31d', budget_duration: '30d', rpm_limit: 60 }
    expect(parse('key/update', { keyCeilings }, most)).toEqual(most)
    expect(parse('team/new', { keyCeilings }, { max_budget: 11 })).toEqual({ max_budget: 11 })
    expect(parse('key/update', { keyCeilings }, 'nonsense')).toHaveLength(1)
  })
})
