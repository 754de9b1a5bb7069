import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { Answer, wholeAnswer } from '../core/answer.ts'
import type { Deployment } from '../core/deployment.ts'
import { ObjectFrame } from '../core/frame.ts'
import { answerHeaders, headerText } from './answer-headers.ts'

const one = deployment({ id: 'ä', pool: 'fäst', model: 'm', baseUrl: 'http://127.0.0.1:1' })
const pairs = (headers: readonly string[]) =>
  Object.fromEntries(headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]]] : [])))

describe('the headers of an answer', () => {
  it('tell how the call went, in visible ASCII', () => {
    const call = callTo('fäst')
    for (let number = 0; number < 3; number++) attemptAt(one, call)
    Object.assign(call.record, { fallbacks: 1, cost: 1_500n })
    const upstreamHeaders = { 'x-ratelimit-remaining-requests': '7\r\nx: y', 'x-request-id': 'theirs' }
    const answer = wholeAnswer(one, new ObjectFrame([{}], false), { upstreamHeaders })
    expect(pairs(answerHeaders(call, answer))).toMatchObject({
      'x-request-id': 'call',
      'x-tollgate-pool': 'f?st',
      'x-tollgate-deployment': 'openai/m',
      'x-tollgate-attempts': '3',
      'x-litellm-model-id': '?',
      'x-litellm-attempted-retries': '1',
      'x-litellm-attempted-fallbacks': '1',
      'x-tollgate-cost-usd': '0.000001500',
      'llm_provider-x-request-id': 'theirs',
      'x-ratelimit-remaining-requests': '7??x: y',
    })
  })

  it("tell what is left of the caller's limits, and then the upstream's only under its own name", () => {
    const call = callTo('p')
    call.record.standings = [
      {
        limit: { level: 'key', subject: 'k', rpm: 60, tpm: 9_000, parallel: 4 },
        remainingRequests: 59,
        remainingTokens: 8_000,
        remainingParallel: 3,
        resetRequestsMs: 999.2,
        resetTokensMs: 6_667,
      },
      {
        limit: { level: 'team', subject: 't', rpm: 1_000, tpm: 5_000 },
        remainingRequests: 900,
        remainingTokens: 10,
        resetRequestsMs: 6_000,
        resetTokensMs: 59_880,
      },
    ]
    const upstreamHeaders = { 'x-ratelimit-remaining-requests': '7' }
    const headers = pairs(answerHeaders(call, wholeAnswer(one, new ObjectFrame([{}], false), { upstreamHeaders })))
    expect(headers).toMatchObject({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-limit-tokens': '5000',
      'x-ratelimit-remaining-tokens': '10',
      'x-ratelimit-reset-tokens': '59.88s',
      'x-ratelimit-api_key-limit-requests': '60',
      'x-ratelimit-api_key-remaining-tokens': '8000',
      'x-ratelimit-api_key-remaining-max_parallel_requests': '3',
      'x-ratelimit-team-limit-tokens': '5000',
      'x-ratelimit-team-remaining-requests': '900',
      'llm_provider-x-ratelimit-remaining-requests': '7',
    })
    expect(headers).not.toHaveProperty('x-ratelimit-team-limit-max_parallel_requests')
  })

  it('tell how long it took, and how much of that was ours', () => {
    const call = callTo('p')
    const [first, second] = [attemptAt(one, call), attemptAt(one, call)]
    Object.assign(first.attempt, { start: 1, endedAt: 101 })
    Object.assign(second.attempt, { start: 301.5, endedAt: 401.1234 })
    const whole = wholeAnswer(one, new ObjectFrame([{}], false))
    expect(pairs(answerHeaders(call, whole))).toMatchObject({
      'x-litellm-response-duration-ms': '401.123',
      'x-litellm-overhead-duration-ms': '201.500',
    })
    Object.assign(second.attempt, { firstAt: 351.5 })
    expect(pairs(answerHeaders(call, whole))).toMatchObject({ 'x-litellm-response-duration-ms': '351.500' })
  })

  it('tell the region of a deployment that has one', () => {
    const near = { ...one, selection: { ...one.selection, region: 'eu' } }
    const regionOf = (of: Deployment) => {
      const answer = wholeAnswer(of, new ObjectFrame([{}], false))
      return pairs(answerHeaders(callTo('p'), answer))['x-litellm-model-region']
    }
    expect([regionOf(near), regionOf(one)]).toEqual(['eu', undefined])
  })

  it('tell where the answer comes from without the credentials in the address', () => {
    const secret = deployment({ id: 'a', pool: 'p', baseUrl: 'https://user:word@llm.example/v1?key=secret' })
    const answer = wholeAnswer(secret, new ObjectFrame([{}], false))
    const headers = answerHeaders(callTo('p'), answer)
    expect(pairs(headers)).toMatchObject({ 'x-litellm-model-api-base': 'https://llm.example/v1' })
    expect(headers.join()).not.toMatch(/word|secret/)
  })

  it('do not tell a cost that is not known yet, or not known at all', () => {
    const call = callTo('p')
    const flowing = new Answer(one, true, { pause() {}, resume() {}, abort() {} })
    expect(pairs(answerHeaders(call, flowing))).not.toHaveProperty('x-tollgate-cost-usd')
    call.record.unpriced = true
    const whole = wholeAnswer(one, new ObjectFrame([{}], false))
    expect(pairs(answerHeaders(call, whole))).not.toHaveProperty('x-tollgate-cost-usd')
    expect(pairs(answerHeaders(call, whole))).toMatchObject({ 'x-tollgate-unpriced': 'true' })
  })

  it.each([
    ['plain text', 'plain text'],
    ['a\nb', 'a?b'],
    ['ü\u0000', '??'],
    ['', ''],
  ])('write %j as %j', (text, header) => expect(headerText(text)).toBe(header))
})
