import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fault, fault } from '../../src/testing/index.ts'
import { Chaos } from '../support/chaos.ts'
import { ensureBuilt } from '../support/child.ts'
import { repeat } from '../support/repeat.ts'
import { formsOf } from '../support/secrets.ts'
import { discrepancies } from '../support/three-logs.ts'

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 150_000 }

const cuts = (['end', 'close', 'reset'] as const).flatMap(by =>
  [0, 1, 3].flatMap(afterChunks => [
    fault.cut(by, { afterChunks }),
    fault.cut(by, { afterChunks, inside: 'line' }),
    fault.cut(by, { afterChunks, inside: 'character' }),
  ]),
)
const refusals = [fault.status(500), fault.status(429, { retryAfter: '0' }), fault.status(400), fault.status(401)]
const silences = [fault.hang(), fault.stall({ afterChunks: 0 }), fault.stall({ afterChunks: 2 })]
const oddities = [
  fault.streamError(),
  fault.noUsage(),
  fault.noDone(),
  fault.garbage(),
  fault.html(),
  fault.errorInOk(),
]
const FAULTS: readonly (Fault | undefined)[] = [
  ...[...cuts, ...refusals, fault.reset(), fault.hangUp(), ...oddities],
  ...[...silences, undefined, undefined],
]

let chaos: Chaos
beforeAll(async () => {
  await ensureBuilt()
  const router_settings = { num_retries: 1, timeout: 0.4, stream_idle_timeout: 0.4, retry_after: 0 }
  chaos = await Chaos.start({ upstream: { chunks: 8 }, sections: { router_settings } })
}, 200_000)
afterAll(() => chaos.close())

describe('upstreams that fail', LONG, () => {
  it('are charged for what they answered, once per attempt, through retries and fallbacks', async () => {
    const turns = repeat(12) * FAULTS.length
    // Every fault meets streams and whole answers, first attempts and later ones.
    const scripted = Array.from({ length: turns }, (_, turn) => FAULTS[(turn * 7) % FAULTS.length])
    chaos.fast.next(...scripted)
    chaos.spare.next(...scripted.slice(5).filter((_, turn) => turn % 3 === 0))
    let left = turns
    await chaos.clients.crowd(16, chaos.mixed, () => left-- > 0)
    expect(await chaos.settled()).toEqual([])
  })

  it('cost nothing where they refused, and what they cost otherwise is flagged where they did not say it', async () => {
    const { rows } = await chaos.ledger()
    const outcomes = new Set(rows.map(row => `${row.outcome}${row.estimated ? ' estimated' : ''}`))
    expect(outcomes).toContain('failed')
    expect(outcomes).toContain('failed estimated')
    expect(outcomes).toContain('complete')
    expect(outcomes).toContain('complete estimated')
    expect(rows.some(({ number }) => number > 2)).toBe(true)
  })

  it('leave nothing under lease', async () => {
    expect(await chaos.finish()).toEqual([])
  })
})

describe('the oracle', LONG, () => {
  it('sees a row that is missing, doubled, or wrong by one nano-dollar', async () => {
    const copy = await chaos.ledger()
    const at = copy.rows.findIndex(({ outcome, estimated }) => outcome === 'complete' && !estimated)
    const row = copy.rows[at]
    if (!row) throw new Error('no attempt was answered')
    const { log } = chaos.fast
    const look = (rows: typeof copy.rows) =>
      discrepancies({
        upstreams: [{ log, rates: { input: 0n, output: 0n } }],
        clients: chaos.clients.calls,
        ledger: { ...copy, rows },
      }).filter(text => !text.includes('billed 0'))
    const sound = look(copy.rows)
    expect(look(copy.rows.toSpliced(at, 1)).length).toBeGreaterThan(sound.length)
    expect(look([...copy.rows, { ...row, id: `${row.id}2` }]).length).toBeGreaterThan(sound.length)
    expect(look(copy.rows.with(at, { ...row, charge: row.charge + 1n })).length).toBeGreaterThan(sound.length)
  })
})

describe('after all of this', LONG, () => {
  it('no key is in anything that was said or written (I7)', async () => {
    const { master, file = '', all } = chaos.replicas
    const written = readdirSync(dirname(file)).map(name => readFileSync(join(dirname(file), name), 'latin1'))
    const said = all.map(({ output }) => output)
    const got = chaos.clients.calls.map(({ text }) => text)
    const keys = [master, chaos.providerKey, chaos.limited, chaos.unlimited, chaos.ofTeam]
    expect(written.join('').length).toBeGreaterThan(10_000)
    for (const text of [...written, ...said, got.join('\n')])
      expect(formsOf(keys).filter(form => text.includes(form))).toEqual([])
  })
})
