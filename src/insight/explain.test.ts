import { describe, expect, it } from 'vitest'
import { callTo } from '../../test/support/calls.ts'
import { deployment, routing } from '../../test/support/settings.ts'
import type { Call } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import type { Layer } from '../core/handler.ts'
import { createPools } from '../pools/pools.ts'
import { estimates } from '../prices/estimates.ts'
import { inputTokenBounds } from '../prices/index.ts'
import { NO_COLOURS } from '../telemetry/colours.ts'
import { FakeClock } from '../testing/index.ts'
import { explainCall } from './explain.ts'
import { explanationBody } from './explanation.ts'
import { explanationText } from './explanation-text.ts'

const at = (id: string, pool: string, blocked = false) =>
  deployment({ id, pool, baseUrl: 'http://127.0.0.1:1', selection: { tags: [], tagPatterns: [], blocked } })

function explain(pool: string, choosePool: Layer = next => next, blocked = false) {
  const aliases = { quick: { pool: 'fast', hidden: false } }
  const settings = routing({
    deployments: [at('a', 'fast', blocked), at('b', 'fast', true), at('c', 'slow')],
    aliases,
    fallbacks: { general: { fast: [{ pool: 'slow' }] } },
  })
  const deps = { clock: new FakeClock(), random: () => 0, estimate: estimates(), inputTokenBounds }
  const pools = createPools(settings, deps)
  const emitted: string[] = []
  const call = callTo(pool, { emit: event => emitted.push(event.type) })
  const poolFor = (name: string) => pools.resolve(name) ?? new Failure('unknown_model', `no ${name}`)
  const explained = explainCall(call, { choosePool, poolFor, fallbacks: settings.fallbacks })
  return { explained, emitted, call, pools }
}

const toFast: Layer = next =>
  function toFast(call: Call) {
    call.record.classification = { task: 'code', by: 'rules', reason: 'it says function' }
    return next({ ...call, pool: 'fast', because: 'it is code' })
  }

describe('an explanation', () => {
  it('says who would answer, who would not and why, and who comes then', async () => {
    const { explained, emitted, call, pools } = explain('fast')
    const body = explanationBody(await explained)
    expect(body).toMatchObject({
      requested: 'fast',
      pool: 'fast',
      strategy: 'simple-shuffle',
      chosen: { id: 'a', deployment: 'openai/model-of-a', pool: 'fast' },
      fallbacks: ['slow'],
      candidates: [
        { id: 'a', excluded: null, estimate: { input_tokens: expect.any(Number), cost_usd: expect.any(Number) } },
        { id: 'b', excluded: 'blocked by the operator' },
      ],
    })
    // Nothing has happened.
    expect(emitted).toEqual([])
    expect(call.record).toMatchObject({ attempts: [], decisions: [], fallbacks: 0 })
    expect([...pools.ward.all()].map(({ inFlight }) => inFlight)).toEqual([0, 0, 0])
  })

  it('goes the way that the call would go', async () => {
    const { explained } = explain('auto', toFast)
    const explanation = await explained
    expect(explanationBody(explanation)).toMatchObject({
      requested: 'auto',
      pool: 'fast',
      because: 'it is code',
      classification: { task: 'code', by: 'rules' },
      chosen: { id: 'a' },
    })
    const text = explanationText(explanation, NO_COLOURS)
    expect(text).toContain('auto → fast')
    expect(text).toContain('task      code, by rules: it says function')
    expect(text).toContain('pool      it is code')
  })

  it('knows the fallbacks of a pool that is asked for by another name', async () => {
    expect((await explain('quick').explained).fallbacks).toEqual(['slow'])
  })

  it('says why nobody can', async () => {
    const explanation = await explain('fast', undefined, true).explained
    expect(explanationBody(explanation)).toMatchObject({
      chosen: null,
      error: { message: expect.any(String) },
      fallbacks: ['slow'],
    })
    expect(explanationText(explanation, NO_COLOURS)).toMatch(/nobody {4}\S/)
  })

  it('is refused for a name that nobody has', async () => {
    await expect(explain('nobody').explained).rejects.toMatchObject({ kind: 'unknown_model' })
  })

  it('passes on what the layers refuse', async () => {
    const refused = new Failure('limited', 'too many')
    await expect(explain('fast', () => () => Promise.reject(refused)).explained).rejects.toBe(refused)
  })

  it('is a table for people', async () => {
    const lines = explanationText(await explain('fast').explained, NO_COLOURS).split('\n')
    expect(lines[0]).toBe('fast')
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}chosen {4}openai\/model-of-a: .+/))
    expect(lines).toContainEqual(expect.stringMatching(/^ {4}→ {2}openai\/model-of-a {2}\$0\.\d{9}/))
    expect(lines).toContainEqual(
      expect.stringMatching(/^ {7}openai\/model-of-b {2}\$0\.\d{9} {2}out: blocked by the operator$/),
    )
    expect(lines.at(-1)).toBe('  then      slow')
  })
})
