import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Chaos } from '../support/chaos.ts'
import { ensureBuilt } from '../support/child.ts'
import { figures } from '../support/figures.ts'

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 200_000 }

beforeAll(ensureBuilt, 200_000)
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('the SQLite file', LONG, () => {
  it('locked by another program: limited keys are refused, others go on, and all rows are there afterwards', async () => {
    const chaos = await Chaos.start({ upstream: { chunks: 5 } })
    closing.push(() => chaos.close())
    let goesOn = true
    const load = chaos.clients.crowd(
      8,
      turn => chaos.mixed(turn),
      () => goesOn,
    )
    await chaos.arrivals(40)
    const other = new Database(chaos.replicas.file ?? '', { timeout: 10_000 })
    other.exec('begin immediate')
    const from = chaos.clients.calls.length
    await sleep(4_000)
    const meanwhile = chaos.clients.calls.slice(from).filter(({ end }) => end !== undefined)
    other.exec('rollback')
    other.close()
    await chaos.arrivals(40)
    goesOn = false
    await load
    const refused = chaos.clients.calls.filter(({ end }) => end !== 'complete')
    expect(refused.filter(({ end, status, text }) => end !== 'refused' || status !== 503 || !CODE.test(text))).toEqual(
      [],
    )
    expect(refused.filter(({ key }) => key === chaos.unlimited)).toEqual([])
    expect(meanwhile.some(({ end }) => end === 'refused')).toBe(true)
    expect(meanwhile.some(({ end, key }) => end === 'complete' && key === chaos.unlimited)).toBe(true)
    figures('SQLite locked for 4 s', {
      calls: meanwhile.length,
      refused: refused.length,
      longestRefusalMs: Math.round(Math.max(...refused.map(({ tookMs = 0 }) => tookMs))),
    })
    expect(await chaos.settled()).toEqual([])
    expect(await chaos.finish()).toEqual([])
  })
})

const CODE = /budget_store_unavailable/
/** Kept with a row, so that a few hundred fill a file of the journal. */
const NOTED = 'x'.repeat(4_000)

describe('the disk of the journal', LONG, () => {
  const folder = tinyDisk()
  it.runIf(folder)(
    'full: calls are refused and nothing is dialled; with room again they go on, and nothing is lost',
    async () => {
      if (!folder) return
      closing.push(async () => unmount(folder))
      const journal = join(folder, 'journal')
      const chaos = await Chaos.start({ sections: { tollgate_settings: { budgets: { journal } } } })
      closing.push(() => chaos.close())
      expect((await chaos.call()).end).toBe('complete')
      const ballast = join(folder, 'ballast')
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096'])
      const refused = await untilRefused(chaos)
      expect(refused).toMatchObject({ end: 'refused', status: 503 })
      expect(refused.text).toContain('journal_not_writable')
      const before = chaos.fast.log.length
      expect((await chaos.call({ noted: NOTED })).status).toBe(503)
      expect(chaos.fast.log.length).toBe(before)
      rmSync(ballast)
      for (let time = 0; time < 20; time++) expect((await chaos.call()).end).toBe('complete')
      expect(await chaos.settled()).toEqual([])
      expect(await chaos.finish()).toEqual([])
    },
  )
})

/** What the journal has reserved is used up first: a file of 1 MiB, by rows of 4 kB. */
async function untilRefused(chaos: Chaos) {
  for (let time = 0; ; time++) {
    const call = await chaos.call({ noted: NOTED })
    if (call.end !== 'complete' || time > 600) return call
  }
}

/** A file system of 3 MiB; undefined, and said loudly, where this user may not make one. */
function tinyDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-tiny-'))
  const made = process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder])
  if (made && made.status === 0) {
    mkdirSync(join(folder, 'journal'))
    return folder
  }
  rmSync(folder, { recursive: true, force: true })
  console.warn('\n*** NO TINY DISK: it takes root and mount; what happens on a full disk is SKIPPED ***\n')
  return undefined
}

function unmount(folder: string): void {
  spawnSync('umount', ['-l', folder])
  rmSync(folder, { recursive: true, force: true })
}
