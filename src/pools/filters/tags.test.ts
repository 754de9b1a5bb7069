import { describe, expect, test } from 'vitest'
import type { CallOptions } from '../../core/call.ts'
import type { Deployment } from '../../core/deployment.ts'
import type { TagSettings } from '../../core/settings.ts'
import { callOf, candidateOf, deploymentOf } from '../fixtures.ts'
import { byTags, explainTags, filtersTags } from './tags.ts'

const usual: TagSettings = { enabled: true, matchAny: true, prefix: '' }

/** `free:free,eu` is deployment `free` with two tags; `/curl/` among them is a pattern. */
function poolOf(...texts: readonly string[]): Deployment[] {
  return texts.map(text => {
    const [id = '', ...others] = text.split(':')
    const list = others.join(':')
    const all = list.split(',').filter(Boolean)
    const tags = all.filter(tag => !tag.startsWith('/'))
    const tagPatterns = all.filter(tag => tag.startsWith('/')).map(tag => new RegExp(tag.slice(1, -1)))
    return deploymentOf(id, { selection: { tags, tagPatterns } })
  })
}

interface Case {
  readonly settings?: Partial<TagSettings>
  readonly options?: CallOptions
  readonly failOpen?: boolean
}

function kept(pool: readonly Deployment[], { settings, options, failOpen = false }: Case): string[] {
  const candidates = pool.map(deployment => candidateOf(deployment))
  const call = callOf(options ? { options } : {})
  return byTags(candidates, call, { settings: { ...usual, ...settings }, failOpen }).map(one => one.deployment.id)
}

const tiers = poolOf('free:free', 'paid:paid,eu', 'spare:default')
const bare = poolOf('free:free', 'paid:paid,eu', 'plain')

describe('tags', () => {
  test.each([
    ['a shared tag is preferred', tiers, ['free'], ['free']],
    ['any of several', tiers, ['free', 'eu'], ['free', 'paid']],
    ['no match: the default', tiers, ['nobody'], ['spare']],
    ['no match and no default: nobody', bare, ['nobody'], []],
    ['untagged: the default', tiers, [], ['spare']],
    ['untagged without a default: all', bare, [], ['free', 'paid', 'plain']],
    ['! excludes', bare, ['!paid'], ['free', 'plain']],
    ['! never excludes those without tags', poolOf('plain', 'x:x'), ['!x'], ['plain']],
    ['! alone starts from the untagged pool', tiers, ['!free'], ['spare']],
    ['! may leave nobody', tiers, ['!default'], []],
    ['& requires', bare, ['&eu'], ['paid']],
    ['& with a plain tag', poolOf('a:eu', 'b:eu,fast', 'c:fast'), ['&eu', 'fast'], ['b']],
    ['exclude before require before prefer', poolOf('a:eu,old', 'b:eu', 'c:eu,fast'), ['!old', '&eu', 'fast'], ['c']],
    ['constraints hold for the default too', poolOf('a:default', 'b:default,eu'), ['&eu', 'nobody'], ['b']],
  ] as const)('%s', (_name, pool, tags, expected) => {
    expect(kept(pool, { options: { tags } })).toEqual(expected)
  })

  test('all of the tags must be there when any is not enough', () => {
    expect(
      kept(poolOf('a:eu', 'b:eu,fast'), { settings: { matchAny: false }, options: { tags: ['eu', 'fast'] } }),
    ).toEqual(['b'])
  })

  test('with a prefix, only tags that carry it are orders', () => {
    const settings = { prefix: 'route:' }
    expect(kept(tiers, { settings, options: { tags: ['route:free', 'paid'] } })).toEqual(['free'])
    expect(kept(tiers, { settings, options: { tags: ['paid'] } })).toEqual(['spare'])
    expect(kept(bare, { settings, options: { tags: ['route:!paid'] } })).toEqual(['free', 'plain'])
  })

  test('nobody left, and all allow it: the untagged rule', () => {
    expect(kept(tiers, { failOpen: true, options: { tags: ['&nowhere'] } })).toEqual(['spare'])
  })
})

describe('tag patterns', () => {
  const pool = poolOf('cli:/^User-Agent: curl/', 'web:web', 'spare:default')

  test.each([
    ['match the user agent', { userAgent: 'curl/8.1' }, ['cli']],
    ['else the default', { userAgent: 'Mozilla' }, ['spare']],
    ['match beside plain tags', { userAgent: 'curl/8.1', tags: ['web'] }, ['cli', 'web']],
  ])('%s', (_name, options, expected) => {
    expect(kept(pool, { options })).toEqual(expected)
  })

  test('do not make up for a failed strict match', () => {
    const options = { userAgent: 'curl/8.1', tags: ['web'] }
    expect(kept(pool, { settings: { matchAny: false }, options })).toEqual(['web'])
    expect(kept(pool, { settings: { matchAny: false }, options: { ...options, tags: ['x'] } })).toEqual(['spare'])
  })

  test('come after exclusion', () => {
    const two = poolOf('old:old,/curl/', 'new:/curl/')
    expect(kept(two, { options: { userAgent: 'curl', tags: ['!old'] } })).toEqual(['new'])
  })

  test('with a global flag match every time', () => {
    const sticky = [deploymentOf('g', { selection: { tagPatterns: [/curl/g] } }), ...poolOf('spare:default')]
    for (let i = 0; i < 3; i++) expect(kept(sticky, { options: { userAgent: 'curl' } })).toEqual(['g'])
  })
})

test.each([
  [true, undefined, true],
  [true, false, false],
  [false, true, true],
  [false, undefined, false],
])('router %s, pool %s: %s', (enabled, own, expected) => {
  const selection = own === undefined ? {} : { tagFiltering: own }
  const deployments = [deploymentOf('a'), deploymentOf('b', { selection })]
  expect(filtersTags(deployments, { ...usual, enabled })).toBe(expected)
})

test.each([
  [['!free'], 'has the excluded tag free'],
  [['&eu'], 'lacks the required tag eu'],
  [['paid'], 'tagged free; asked for paid'],
  [[], 'tagged free; others are for calls like this'],
])('%s: %s', (tags, text) => {
  const [free] = poolOf('free:free')
  if (!free) throw new Error('poolOf made nothing')
  expect(explainTags(candidateOf(free), callOf({ options: { tags } }), usual)).toBe(text)
})
