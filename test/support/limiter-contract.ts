import { describe, expect, test } from 'vitest'
import type { PriorityShares, RateLimit } from '../../src/core/caller.ts'
import type { Granted, LimitAsk, Limiter } from '../../src/state/limiter.ts'

/** Limiters that count together: as many clients of one authority as are asked for. */
export type OpenLimiters = (clients: number) => Promise<readonly Limiter[]>

let count = 0

/** A limit of somebody new, so that tests do not meet. */
export function freshLimit(limit: Partial<RateLimit>): RateLimit {
  return { level: 'key', subject: `subject-${count++}`, ...limit }
}

export function askFor(limits: readonly RateLimit[], about: Partial<LimitAsk> = {}): LimitAsk {
  return { id: `call-${process.pid}-${count++}`, limits, tokens: 0, ...about }
}

/** Asks until it is granted: fails the test when it is refused. */
export async function mustGrant(limiter: Limiter, ask: LimitAsk): Promise<Granted> {
  const admission = await limiter.admit(ask)
  if (!admission.granted) throw new Error(`refused for want of ${admission.what}`)
  return admission
}

/** What every limiter does, wherever it counts. Time is real: it is only ever waited for, never raced against. */
export function limiterContract(name: string, open: OpenLimiters): void {
  const one = async () => {
    const [limiter] = await open(1)
    if (!limiter) throw new Error('no limiter')
    return limiter
  }

  describe(`${name} keeps the contract of limiters`, () => {
    test('nothing is asked of nobody', async () => {
      expect((await (await one()).admit(askFor([]))).granted).toBe(true)
    })

    test('takes from all limits or from none', async () => {
      const limiter = await one()
      const wide = freshLimit({ rpm: 100, tpm: 10_000 })
      const narrow = freshLimit({ level: 'team', rpm: 2, parallel: 10 })
      await mustGrant(limiter, askFor([wide, narrow], { tokens: 10 }))
      await mustGrant(limiter, askFor([wide, narrow], { tokens: 10 }))
      const refused = await limiter.admit(askFor([wide, narrow], { tokens: 10 }))
      expect(refused).toMatchObject({ granted: false, limit: narrow, what: 'requests' })
      const wait = refused.granted ? undefined : refused.retryAfterMs
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(30_000)
      expect(refused.standings).toMatchObject([{ limit: wide }, { limit: narrow, remainingParallel: 8 }])
      // The wide one has still what the refused one would have taken.
      const [standing] = (await mustGrant(limiter, askFor([wide], { tokens: 10 }))).standings
      expect(standing?.remainingRequests).toBeGreaterThanOrEqual(97)
      expect(standing?.remainingTokens).toBeGreaterThanOrEqual(9_970)
    })

    test('counts many calls of a large limit one by one, however it keeps them', async () => {
      const [limiter, other] = await open(2)
      if (!limiter || !other) throw new Error('no limiters')
      const limits = [freshLimit({ rpm: 64_000, tpm: 6_400_000 }), freshLimit({ level: 'team', tpm: 6_400_000 })]
      const granted: Granted[] = []
      for (let call = 0; call < 300; call++) granted.push(await mustGrant(limiter, askFor(limits, { tokens: 100 })))
      const told = granted.map(({ standings }) => standings.map(({ remainingTokens = 0 }) => remainingTokens))
      expect(granted.at(-1)?.standings[0]?.remainingRequests).toBeGreaterThanOrEqual(64_000 - 300)
      // Each sees what the others before it took; what has melted meanwhile is little.
      expect(Math.min(...told.flat())).toBeGreaterThanOrEqual(6_400_000 - 300 * 100)
      for (const one of granted) limiter.settle(one, 50)
      await limiter.close()
      await expect
        .poll(async () => (await mustGrant(other, askFor(limits))).standings[0]?.remainingTokens)
        .toBeGreaterThanOrEqual(6_400_000 - 300 * 50)
    })

    test('tells what is left and when it is whole', async () => {
      const limiter = await one()
      const granted = await mustGrant(
        limiter,
        askFor([freshLimit({ rpm: 60, tpm: 600, parallel: 3 })], { tokens: 300 }),
      )
      expect(granted.standings).toMatchObject([{ remainingRequests: 59, remainingTokens: 300, remainingParallel: 2 }])
      const [{ resetRequestsMs = 0, resetTokensMs = 0 } = {}] = granted.standings
      expect(resetRequestsMs).toBeCloseTo(1_000, 0)
      expect(resetTokensMs).toBeCloseTo(30_000, 0)
    })

    test('frees a place when the call is settled, and only once', async () => {
      const limiter = await one()
      const limit = freshLimit({ parallel: 2 })
      const first = await mustGrant(limiter, askFor([limit]))
      await mustGrant(limiter, askFor([limit]))
      expect(await limiter.admit(askFor([limit]))).toMatchObject({ what: 'parallel', retryAfterMs: undefined })
      limiter.settle(first, 0)
      limiter.settle(first, 0)
      await mustGrant(limiter, askFor([limit]))
      expect((await limiter.admit(askFor([limit]))).granted).toBe(false)
    })

    test('gives back tokens that were not used, and remembers those that were used beyond', async () => {
      const limiter = await one()
      const limit = freshLimit({ tpm: 1_000 })
      limiter.settle(await mustGrant(limiter, askFor([limit], { tokens: 900 })), 0)
      limiter.settle(await mustGrant(limiter, askFor([limit], { tokens: 900 })), 1_900)
      const refused = await limiter.admit(askFor([limit], { tokens: 100 }))
      expect(refused).toMatchObject({ granted: false, what: 'tokens' })
      // 1,000 are missing, at 1,000 a minute, less what has melted meanwhile.
      expect(refused.granted ? 0 : refused.retryAfterMs).toBeGreaterThan(30_000)
    })

    test('says never to what is larger than the limit', async () => {
      const limiter = await one()
      const never = { granted: false, retryAfterMs: Number.POSITIVE_INFINITY }
      expect(await limiter.admit(askFor([freshLimit({ tpm: 100 })], { tokens: 101 }))).toMatchObject(never)
      expect(await limiter.admit(askFor([freshLimit({ rpm: 0 })]))).toMatchObject(never)
      expect(await limiter.admit(askFor([freshLimit({ parallel: 0 })]))).toMatchObject(never)
    })

    test('shuts nobody out for longer than a limit of that size could, when it was much larger before', async () => {
      const limiter = await one()
      const before = freshLimit({ tpm: 600_000 })
      await mustGrant(limiter, askFor([before], { tokens: 600_000 }))
      const refused = await limiter.admit(askFor([{ ...before, tpm: 60 }], { tokens: 1 }))
      expect(refused).toMatchObject({ granted: false, what: 'tokens' })
      // Two minutes' worth is owed, and one minute's is let through at once.
      expect(refused.granted ? 0 : refused.retryAfterMs).toBeGreaterThan(50_000)
      expect(refused.granted ? 0 : refused.retryAfterMs).toBeLessThanOrEqual(61_000)
    })

    test('forgives a share what it owes beyond ten minutes, when the limit was much larger before', async () => {
      const limiter = await one()
      const shares: PriorityShares = { reserved: { dev: 0.1 }, otherwise: 0, saturation: 0 }
      const before = freshLimit({ tpm: 600_000, shares })
      await mustGrant(limiter, askFor([before], { priority: 'dev', tokens: 600_000 }))
      const refused = await limiter.admit(askFor([{ ...before, tpm: 60 }], { priority: 'dev', tokens: 1 }))
      expect(refused.granted ? 0 : refused.retryAfterMs).toBeGreaterThan(120_000)
      expect(refused.granted ? 0 : refused.retryAfterMs).toBeLessThanOrEqual(600_000)
    })

    test('lets exactly the limit through when a hundred ask at once, of three clients', async () => {
      const limiters = await open(3)
      const limit = freshLimit({ rpm: 37 })
      const team = freshLimit({ level: 'team', rpm: 60 })
      const start = performance.now()
      const admissions = await Promise.all(
        Array.from({ length: 100 }, (_, index) => limiters[index % 3]?.admit(askFor([team, limit]))),
      )
      const melted = Math.floor(((performance.now() - start) * 37) / 60_000)
      const granted = admissions.filter(admission => admission?.granted).length
      expect(granted).toBeGreaterThanOrEqual(37)
      expect(granted).toBeLessThanOrEqual(37 + melted)
    })

    test('has exactly as many places as it says when a hundred ask at once, of three clients', async () => {
      const limiters = await open(3)
      const limit = freshLimit({ parallel: 37 })
      const admissions = await Promise.all(
        Array.from({ length: 100 }, (_, index) => limiters[index % 3]?.admit(askFor([limit]))),
      )
      expect(admissions.filter(admission => admission?.granted)).toHaveLength(37)
      for (const [index, admission] of admissions.entries())
        if (admission?.granted) limiters[index % 3]?.settle(admission, 0)
      const [limiter] = limiters
      // What is given back is not waited for; by the next answer of the same client its own is done.
      await expect.poll(async () => (await limiter?.admit(askFor([limit])))?.granted).toBe(true)
    })

    test('lends what nobody uses until half is taken, and keeps the rest for whom it is reserved', async () => {
      const limiter = await one()
      const shares: PriorityShares = { reserved: { prod: 0.9, dev: 0.1 }, otherwise: 0.25, saturation: 0.5 }
      const limit = freshLimit({ level: 'gateway', pool: 'p', rpm: 20, tpm: 2_000_000, shares })
      const served = { dev: 0, prod: 0 }
      const start = performance.now()
      for (const priority of ['dev', 'prod'] as const)
        for (let index = 0; index < 20; index++) {
          const admission = await limiter.admit(askFor([limit], { priority, tokens: 10 }))
          if (admission.granted) served[priority]++
        }
      const melted = Math.ceil(((performance.now() - start) * 20) / 60_000)
      expect(served.dev).toBeGreaterThanOrEqual(10)
      expect(served.dev).toBeLessThanOrEqual(10 + melted)
      expect(served.prod).toBeGreaterThanOrEqual(10 - melted)
      expect(served.dev + served.prod).toBeLessThanOrEqual(20 + melted)
    })

    test('serves names of any characters', async () => {
      const limiter = await one()
      const limit = freshLimit({ subject: `{ä}|:\n__proto__ ${'x'.repeat(10_000)} ${count++}`, pool: 'a/b:*', rpm: 1 })
      await mustGrant(limiter, askFor([limit]))
      expect((await limiter.admit(askFor([limit]))).granted).toBe(false)
    })
  })
}
