import { describe, expect, it } from 'vitest'
import type { ComplexityAutoSettings } from '../core/auto-settings.ts'
import type { Call, CallOptions } from '../core/call.ts'
import { plainCaller } from '../core/caller.ts'
import type { Json } from '../core/json.ts'
import type { PoolFacts } from '../core/pool-facts.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { chooseByComplexity } from './by-complexity.ts'
import type { Choice } from './chooser.ts'

const SIMPLE = 'Hello, what is the capital of France?'
const REASONING = 'Think step by step and prove that the sum of two odd numbers is even.'

const settings: ComplexityAutoSettings = {
  by: 'complexity',
  tiers: { SIMPLE: ['small', 'tiny'], MEDIUM: ['middle'], COMPLEX: ['large'], REASONING: ['thinker'] },
  defaultPool: 'middle',
  scoring: {},
  scores: true,
  byModality: false,
  oncePerTurn: false,
}

const user = (content: Json) => ({ role: 'user', content })

function callWith(messages: readonly Json[], options: CallOptions = {}): Call {
  return { request: { operation: 'chat', body: { messages }, streamed: false }, options } as unknown as Call
}

interface Setup {
  readonly facts?: Readonly<Record<string, Partial<PoolFacts>>>
  readonly tokens?: number
  readonly random?: () => number
}

/** A chooser that keeps what it chooses, as the layer does when the pool has answered. */
function chooser(changes: Partial<ComplexityAutoSettings> = {}, { facts = {}, tokens = 10, random }: Setup = {}) {
  const clock = new FakeClock()
  const choose = chooseByComplexity(
    { ...settings, ...changes },
    {
      clock,
      random: random ?? (() => 0),
      factsOf: pool => ({ window: undefined, sees: undefined, ...facts[pool] }),
      inputTokens: () => tokens,
    },
  )
  return {
    clock,
    choose(messages: readonly Json[], options?: CallOptions): Choice {
      const choice = choose(callWith(messages, options), () => Promise.reject(new Error('nobody is asked'))) as Choice
      choice.keep?.()
      return choice
    },
  }
}

describe('chooseByComplexity', () => {
  it('takes a pool of the tier, any of them with equal chances', () => {
    expect(chooser().choose([user(REASONING)])).toMatchObject({
      pool: 'thinker',
      classification: { task: 'REASONING', by: 'complexity' },
    })
    const draws = [0.49, 0.5].map(draw => chooser({}, { random: () => draw }).choose([user(SIMPLE)]).pool)
    expect(draws).toEqual(['small', 'tiny'])
  })

  it('takes the default pool without text, and for a tier without pools', () => {
    expect(chooser().choose([user([])])).toMatchObject({
      pool: 'middle',
      classification: { task: 'default', reason: 'the request has no text of a user' },
    })
    expect(chooser({ tiers: { SIMPLE: ['small'] } }).choose([user(REASONING)]).pool).toBe('middle')
  })

  it('goes by keyword rules alone when the score is switched off', () => {
    const scoring = { keywordTierRules: [{ keywords: ['kubernetes'], tier: 'COMPLEX' }] } as const
    const { choose } = chooser({ scores: false, scoring })
    expect(choose([user('my Kubernetes')]).pool).toBe('large')
    expect(choose([user(REASONING)])).toMatchObject({ pool: 'middle', classification: { by: 'default' } })
  })
})

describe('a prompt that does not fit its tier', () => {
  const windows = { small: { window: 1_000 }, tiny: { window: 500 }, middle: {}, large: { window: 9_000 } }

  it('stays in the tier with a pool that holds it, else goes to the lowest one known to', () => {
    const at = (tokens: number) => chooser({ windowShare: 0.95 }, { facts: windows, tokens, random: () => 0.99 })
    expect(at(475).choose([user(SIMPLE)]).pool).toBe('tiny')
    expect(at(476).choose([user(SIMPLE)]).pool).toBe('small')
    expect(at(951).choose([user(SIMPLE)])).toMatchObject({
      pool: 'large',
      classification: { task: 'SIMPLE', reason: expect.stringContaining('moved to COMPLEX for its 951 tokens') },
    })
  })

  it('stays where nobody is known to hold it, and where size decides nothing', () => {
    expect(chooser({ windowShare: 0.95 }, { facts: windows, tokens: 90_000 }).choose([user(SIMPLE)]).pool).toBe('small')
    expect(chooser({}, { facts: windows, tokens: 951 }).choose([user(SIMPLE)]).pool).toBe('small')
  })

  it('goes to a tier that sees its pictures', () => {
    const picture = user([
      { type: 'text', text: SIMPLE },
      { type: 'image_url', image_url: { url: 'data:' } },
    ])
    const facts = { large: { sees: true } }
    expect(chooser({ byModality: true }, { facts }).choose([picture]).pool).toBe('large')
    expect(chooser({ byModality: true }, { facts }).choose([user(SIMPLE)]).pool).toBe('small')
    expect(chooser({ byModality: false }, { facts }).choose([picture]).pool).toBe('small')
    expect(chooser({ byModality: true }).choose([picture]).pool).toBe('small')
  })

  it('looks below when nobody above sees', () => {
    const picture = user([{ type: 'text', text: REASONING }, { type: 'input_image' }])
    expect(chooser({ byModality: true }, { facts: { small: { sees: true } } }).choose([picture]).pool).toBe('small')
  })
})

describe('a session', () => {
  const session = { sessionId: 's1' }

  it('stays with the pool of its first call until it has been silent for long enough', () => {
    const { choose, clock } = chooser({ sessionTtlMs: 1_000 })
    expect(choose([user(REASONING)], session).pool).toBe('thinker')
    clock.advance(999)
    expect(choose([user(SIMPLE)], session)).toMatchObject({
      pool: 'thinker',
      classification: { task: 'REASONING', by: 'session', reason: expect.stringMatching(/^as before: REASONING/) },
    })
    clock.advance(999)
    expect(choose([user(SIMPLE)], session).classification.reason).not.toMatch(/as before: as before/)
    clock.advance(1_000)
    expect(choose([user(SIMPLE)], session).pool).toBe('small')
  })

  it('is one of its caller only', () => {
    const { choose } = chooser({ sessionTtlMs: 1_000 })
    choose([user(REASONING)], { ...session, caller: plainCaller('a') })
    expect(choose([user(SIMPLE)], { ...session, caller: plainCaller('b') }).pool).toBe('small')
    expect(choose([user(SIMPLE)]).pool).toBe('small')
  })

  it('is not remembered by a call that was moved', () => {
    const facts = { small: { window: 5 }, tiny: { window: 5 }, large: { window: 9_000 } }
    const { choose } = chooser({ sessionTtlMs: 1_000, windowShare: 1 }, { facts })
    expect(choose([user(SIMPLE)], session).pool).toBe('large')
    expect(choose([user(REASONING)], session).pool).toBe('thinker')
  })
})

describe('a turn', () => {
  const goingOn = [user(SIMPLE), { role: 'assistant', content: null }, { role: 'tool', content: 'result' }]

  it('stays with the pool of its first call, and the next one is judged anew', () => {
    let draw = 0.99
    const { choose } = chooser({ oncePerTurn: true }, { random: () => draw })
    expect(choose([user(SIMPLE)]).pool).toBe('tiny')
    draw = 0
    expect(choose(goingOn)).toMatchObject({ pool: 'tiny', classification: { by: 'turn' } })
    expect(choose([...goingOn, user(SIMPLE)]).pool).toBe('small')
    expect(choose([...goingOn, user(REASONING)]).pool).toBe('thinker')
  })

  it('is judged at every call by default', () => {
    let draw = 0.99
    const { choose } = chooser({}, { random: () => draw })
    choose([user(SIMPLE)])
    draw = 0
    expect(choose(goingOn).pool).toBe('small')
  })
})
