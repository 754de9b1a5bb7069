import { describe, expect, test } from 'vitest'
import { Failure } from '../../core/failure.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { boundsOf, type CallParts, callOf, candidateOf, type DeploymentParts, deploymentOf } from '../fixtures.ts'
import { contextWindow, region, responseFormat } from './checks.ts'
import { type CallFilter, Question } from './filter.ts'
import { blocked, heldOut, resting } from './health.ts'
import { full, tooFewTokens, usedUp } from './load.ts'
import { byOrder } from './order.ts'

const now = { monotonic: 10_000, epoch: 90_000 }
const question = (parts: CallParts = {}) => new Question(callOf(parts), new FakeClock(), boundsOf)

/** Whether a filter leaves a deployment out, and in which words. */
function verdict(filter: CallFilter, parts: DeploymentParts, call: CallParts): string | undefined {
  const [candidate, about] = [candidateOf(deploymentOf('a', parts)), question(call)]
  return filter.concerns(about) && filter.excludes(candidate, about) ? filter.explain(candidate, about) : undefined
}

describe('state', () => {
  test.each([
    [blocked, { selection: { blocked: true } }, {}, 'blocked by the operator'],
    [blocked, {}, {}, undefined],
    [resting, {}, { restingUntil: 12_500 }, 'resting 3 s more'],
    [resting, {}, { restingUntil: 10_000 }, undefined],
    [heldOut, {}, { heldOutUntil: 10_400 }, 'its upstream asked to wait 400 ms more'],
    [heldOut, {}, {}, undefined],
    [full, {}, { inFlight: 3, maxInFlight: 3 }, 'full: 3 of 3 in flight'],
    [full, {}, { inFlight: 2, maxInFlight: 3 }, undefined],
    [usedUp, { selection: { rpm: 2 } }, { requests: 2 }, '2 of 2 requests used this minute, 30 s to go'],
    [usedUp, { selection: { rpm: 2 } }, { requests: 1 }, undefined],
    [usedUp, { selection: { tpm: 50 } }, { tokens: 50 }, '50 tokens, all of them, used this minute, 30 s to go'],
    [usedUp, { selection: { inputTpm: 50 } }, { tokens: 50 }, '50 tokens, all of them, used this minute, 30 s to go'],
    [usedUp, { selection: { rpm: 0 } }, {}, 'its limit of 0 per minute lets nothing through'],
    [usedUp, {}, { requests: 1e9, tokens: 1e9 }, undefined],
  ] as const)('%o', (filter, parts, vitals, expected) => {
    const candidate = candidateOf(deploymentOf('a', parts), vitals)
    expect(filter.excludes(candidate, now) ? filter.explain(candidate, now) : undefined).toBe(expected)
  })

  test('a rest names its reason', () => {
    const candidate = candidateOf(deploymentOf('a'), { restingUntil: 70_000 })
    Object.assign(candidate.vitals, { restingBecause: new Failure('rate_limited', 'slow down') })
    expect(resting.explain(candidate, now)).toBe('resting 60 s more, after rate_limited')
  })
})

describe('tokens left of the minute', () => {
  test.each([
    [{ tpm: 100 }, 60, 40, undefined],
    [{ tpm: 100 }, 60, 41, '60 of 100 tokens used this minute, 41 more needed'],
    [{ inputTpm: 100 }, 60, 41, '60 of 100 input tokens used this minute, 41 more needed'],
    [{ outputTpm: 100 }, 60, 41, undefined],
    [{}, 1e9, 41, undefined],
  ])('%o with %i used and %i needed', (selection, used, tokens, expected) => {
    const candidate = candidateOf(deploymentOf('a', { selection }), { tokens: used })
    const about = question({ body: { tokens } })
    const text = tooFewTokens.excludes(candidate, about) ? tooFewTokens.explain(candidate, about) : undefined
    expect(text).toBe(expected)
  })

  test.each([
    ['is asked for takes the whole limit', { tpm: 100 }, 0, { tokens: 60, output: 500 }, undefined],
    ['is all used', { tpm: 100 }, 0, { tokens: 100, output: 1 }, undefined],
    [
      'is partly used is not enough for it',
      { tpm: 100 },
      1,
      { tokens: 60, output: 500 },
      '1 of 100 tokens used this minute, 100 more needed',
    ],
    ['is less than the prompt', { tpm: 100 }, 0, { tokens: 101 }, '0 of 100 tokens used this minute, 101 more needed'],
    ['is of output alone', { outputTpm: 100 }, 0, { tokens: 600, output: 500 }, undefined],
  ])('more output than %s', (_, selection, used, body, expected) => {
    const candidate = candidateOf(deploymentOf('a', { selection }), { tokens: used })
    const about = question({ body })
    const text = tooFewTokens.excludes(candidate, about) ? tooFewTokens.explain(candidate, about) : undefined
    expect(text).toBe(expected)
  })
})

describe('context window', () => {
  const parts = { limits: { maxInputTokens: 100, supports: {} } }
  const filter = contextWindow([deploymentOf('a', parts), deploymentOf('b')])

  test('leaves out what is surely too small', () => {
    expect(verdict(filter, parts, { body: { tokens: 101 } })).toBe('the prompt has at least 101 tokens, its window 100')
    expect(verdict(filter, parts, { body: { tokens: 100 } })).toBeUndefined()
    expect(verdict(filter, {}, { body: { tokens: 1e9 } })).toBeUndefined()
  })

  test('goes by the lower bound', () => {
    const about = new Question(callOf(), new FakeClock(), () => ({ low: 90, likely: 120, high: 500 }))
    expect(filter.concerns(about)).toBe(false)
    expect(filter.excludes(candidateOf(deploymentOf('a', parts)), about)).toBe(false)
  })

  test('reckons the bounds once', () => {
    let asked = 0
    const bounds = () => ({ low: ++asked, likely: 0, high: 0 })
    const about = new Question(callOf(), new FakeClock(), bounds)
    filter.concerns(about)
    filter.excludes(candidateOf(deploymentOf('a', parts)), about)
    expect(asked).toBe(1)
  })
})

test.each([
  ['eu', 'eu', undefined],
  ['eu-west-1', 'eu', undefined],
  ['europe-west4', 'EU', undefined],
  ['us-east-1', 'eu', 'in region us-east-1, allowed is eu'],
  ['eureka', 'eu', 'in region eureka, allowed is eu'],
  [undefined, 'eu', 'in region unknown, allowed is eu'],
  ['us', undefined, undefined],
])('region %s, allowed %s: %s', (own, allowedRegion, expected) => {
  const selection = own === undefined ? {} : { region: own }
  expect(verdict(region, { selection }, { options: allowedRegion ? { allowedRegion } : {} })).toBe(expected)
})

describe('response_format', () => {
  const body = { response_format: { type: 'json_schema' } }
  const no = { limits: { supports: { response_schema: false } } }
  const rules = { dropUnsupported: false, drop: [], allow: [] }

  test.each([
    ['unknown', {}, body, undefined],
    ['unsupported', no, body, 'takes no response_format json_schema'],
    ['unsupported but dropped', { ...no, parameters: { ...rules, dropUnsupported: true } }, body, undefined],
    ['unsupported but always dropped', { ...no, parameters: { ...rules, drop: ['response_format'] } }, body, undefined],
    ['unsupported but let through', { ...no, parameters: { ...rules, allow: ['response_format'] } }, body, undefined],
    ['a JSON object needs no schema', no, { response_format: { type: 'json_object' } }, undefined],
    [
      'no format at all',
      { limits: { supports: { response_format: false } } },
      { response_format: { type: 'json_object' } },
      'takes no response_format json_object',
    ],
    [
      'text is for everybody',
      { limits: { supports: { response_format: false } } },
      { response_format: { type: 'text' } },
      undefined,
    ],
    ['none asked for', no, {}, undefined],
  ])('%s', (_name, parts, asked, expected) => {
    expect(verdict(responseFormat, parts, { body: asked })).toBe(expected)
  })
})

test('the smallest order comes first, the next ones later, those without at last', () => {
  const orders = { a: 2, b: 1, c: undefined, d: 1 }
  const list = Object.entries(orders).map(([id, order]) =>
    candidateOf(deploymentOf(id, { selection: order === undefined ? {} : { order } })),
  )
  const ids = (after?: number) => byOrder(list, after).map(one => one.deployment.id)
  expect(ids()).toEqual(['b', 'd'])
  expect(ids(1)).toEqual(['a'])
  expect(ids(2)).toEqual(['c'])
  expect(ids(Number.POSITIVE_INFINITY)).toEqual([])
  expect(byOrder([])).toEqual([])
})
