import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { journalRow, ledgerRow } from '../../../test/support/ledger-row.ts'
import { budgetOf } from '../../../test/support/till.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import type { PostedRow } from '../authority.ts'
import { MemoryAuthority } from '../memory-authority.ts'
import { FileJournal } from './file-journal.ts'
import { FileJournals } from './file-journals.ts'
import { type RecoverParts, recover } from './recover.ts'

const key = budgetOf('a|b %', 1_000n)
const replica = { id: 'R1', host: 'elsewhere', pid: 1, leaseMs: 10_000 }
const turn = () => new Promise(resolve => setImmediate(resolve))
const row = (id: string, charge: bigint) => ledgerRow(id, charge, [{ terms: key, windowStart: 0 }])

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tollgate-journal-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const charges = (rows: readonly PostedRow[]) => rows.map(({ id, charge }) => `${id}: ${charge}`)

describe('a journal on disk', () => {
  it('keeps the last line of each row until the store has it', async () => {
    const journal = new FileJournal(root, replica)
    const first = journal.begin(journalRow(row('a', 100n)))
    journal.begin(journalRow(row('b', 200n)))
    const read = () => charges(new FileJournals(root).take('R1').rows)
    expect(read()).toEqual(['a: 100', 'b: 200'])
    journal.end(first, journalRow(row('a', 30n)))
    await turn()
    expect(read()).toEqual(['a: 30', 'b: 200'])
    journal.close(false)
    expect(read()).toEqual(['a: 30', 'b: 200'])
  })

  it('goes when it is closed and the store has everything', () => {
    const journal = new FileJournal(root, replica)
    journal.posted(journal.begin(journalRow(row('a', 1n))))
    journal.close(true)
    expect(readdirSync(root)).toEqual([])
  })

  it('begins new files, and deletes those whose rows the store has', async () => {
    const journal = new FileJournal(root, replica)
    const big = { ...row('a', 1n), text: JSON.stringify({ metadata: 'x'.repeat(5 << 20) }) }
    const first = journal.begin(journalRow(big))
    const second = journal.begin(journalRow(row('b', 2n)))
    const files = () => readdirSync(journal.folder).filter(name => name.endsWith('.jsonl'))
    expect(files()).toEqual(['00000001.jsonl', '00000002.jsonl'])
    journal.end(first, journalRow(row('a', 3n)))
    await turn()
    journal.posted(first)
    expect(files()).toEqual(['00000002.jsonl'])
    journal.posted(second)
    expect(files()).toEqual(['00000002.jsonl'])
    journal.close(true)
  })

  it('that was torn by the death of its process gives all whole lines', () => {
    const journal = new FileJournal(root, replica)
    journal.begin(journalRow(row('a', 1n)))
    appendFileSync(join(journal.folder, '00000001.jsonl'), '{"id":"b","charge":"2","bea')
    journal.close(false)
    expect(charges(new FileJournals(root).take('R1').rows)).toEqual(['a: 1'])
  })

  it('is made anew where somebody else has taken it over', () => {
    const journal = new FileJournal(root, replica)
    journal.begin(journalRow(row('a', 1n)))
    journal.renew()
    expect(charges(new FileJournals(root).take('R1').rows)).toEqual(['a: 1'])
    new FileJournals(root).take('R1').remove()
    journal.renew()
    journal.begin(journalRow(row('b', 2n)))
    expect(charges(new FileJournals(root).take('R1').rows)).toEqual(['b: 2'])
    journal.close(true)
  })

  it('is put aside for all who take it over, and what comes later is not theirs', () => {
    const journal = new FileJournal(root, replica)
    journal.begin(journalRow(row('a', 1n)))
    const [one, other] = [new FileJournals(root).take('R1'), new FileJournals(root).take('R1')]
    expect([charges(one.rows), charges(other.rows)]).toEqual([['a: 1'], ['a: 1']])
    journal.renew()
    journal.begin(journalRow(row('b', 2n)))
    one.remove()
    other.remove()
    expect(new FileJournals(root).ids()).toEqual(['R1'])
    journal.close(false)
    expect(charges(new FileJournals(root).take('R1').rows)).toEqual(['b: 2'])
    // Whoever took it died before it was posted: the next one finds it.
    expect(new FileJournals(root).ids()).toEqual(['R1'])
    expect(charges(new FileJournals(root).take('R1').rows)).toEqual(['b: 2'])
  })

  it('that cannot be made anew refuses with 503, and goes on as soon as it can be', () => {
    const journal = new FileJournal(root, replica)
    new FileJournals(root).take('R1').remove()
    writeFileSync(join(root, 'R1'), 'no folder')
    for (const _ of [1, 2])
      expect(() => journal.renew()).toThrow(
        expect.objectContaining({ kind: 'unavailable', code: 'journal_not_writable' }),
      )
    rmSync(join(root, 'R1'))
    journal.renew()
    journal.begin(journalRow(row('b', 2n)))
    expect(charges(new FileJournals(root).take('R1').rows)).toEqual(['b: 2'])
    journal.close(true)
  })

  it.skipIf(!existsSync('/dev/full'))(
    'on a disk that is full refuses before anything is dialled, and goes on after it',
    async () => {
      const journal = new FileJournal(root, replica)
      const first = journal.begin(
        journalRow({ ...row('a', 1n), text: JSON.stringify({ metadata: 'x'.repeat(5 << 20) }) }),
      )
      // Every write to it fails with ENOSPC.
      symlinkSync('/dev/full', join(journal.folder, '00000002.jsonl'))
      const full = expect.objectContaining({ kind: 'unavailable', code: 'journal_not_writable' })
      expect(() => journal.begin(journalRow(row('b', 2n)))).toThrow(full)
      journal.end(first, journalRow(row('a', 3n)))
      await turn()
      journal.renew()
      journal.begin(journalRow(row('c', 4n)))
      expect(charges(new FileJournals(root).take('R1').rows)).toEqual(['a: 3', 'c: 4'])
      journal.close(true)
    },
  )

  it('that cannot be made at all says where', () => {
    writeFileSync(join(root, 'file'), '')
    expect(() => new FileJournal(join(root, 'file'), replica)).toThrow(join(root, 'file'))
  })
})

describe('the owner of a journal', () => {
  const ownerOf = (owner: Partial<typeof replica>) => {
    new FileJournal(root, { ...replica, ...owner }).close(false)
    return new FileJournals(root).ownerOf('R1')
  }

  it('is known of this machine only', () => {
    expect(ownerOf({ host: hostname(), pid: process.ppid })).toBe('running')
    expect(ownerOf({ host: hostname(), pid: 2 ** 30 })).toBe('gone')
    expect(ownerOf({ host: 'elsewhere', pid: 2 ** 30 })).toBe('unknown')
    // In containers every first process has this process's number.
    expect(ownerOf({ host: hostname(), pid: process.pid })).toBe('unknown')
    expect(new FileJournals(root).ownerOf('nobody')).toBe('unknown')
    expect(new FileJournals(join(root, 'nowhere')).ids()).toEqual([])
  })
})

describe('a journal in another format', () => {
  it('is left to who knows it', () => {
    new FileJournal(root, replica).begin(journalRow(row('a', 100n)))
    const journals = new FileJournals(root)
    expect(journals.ids()).toEqual(['R1'])
    writeFileSync(join(root, 'R1', 'replica.json'), JSON.stringify({ format: 2, ...replica }))
    expect(journals.ids()).toEqual([])
    expect(readdirSync(join(root, 'R1'))).toHaveLength(2)
  })
})

describe('taking over', () => {
  async function dead() {
    const clock = new FakeClock()
    const authority = new MemoryAuthority({ clock, keepRows: true })
    await authority.join(replica)
    await authority.lease('R1', [[{ terms: key, need: 500n, want: 500n }]])
    const [state] = await authority.budgets([key.id])
    const windowStart = state?.windowStart ?? 0
    const journal = new FileJournal(root, replica)
    const budgets = [{ terms: key, windowStart }]
    const entry = journal.begin(journalRow(ledgerRow('a', 100n, budgets)))
    journal.begin(journalRow(ledgerRow('b', 200n, budgets)))
    journal.end(entry, journalRow(ledgerRow('a', 30n, budgets)))
    journal.close(false)
    return { clock, authority, journals: new FileJournals(root) }
  }

  it('does nothing to one that lives', async () => {
    const { authority, journals } = await dead()
    expect(await recover('R1', { authority, journals })).toBeUndefined()
    expect(journals.ids()).toEqual(['R1'])
  })

  it('posts what had ended, and at its worst price what had not, once, by however many', async () => {
    const { authority, journals, clock } = await dead()
    clock.advance(10_001)
    await Promise.all([recover('R1', { authority, journals }), recover('R1', { authority, journals })])
    expect(charges(authority.rows())).toEqual(['a: 30', 'b: 200'])
    expect(await authority.budgets([key.id])).toMatchObject([{ spent: 230n, leased: 0n, limit: 1_000n }])
    expect(journals.ids()).toEqual([])
    expect(await authority.dead()).toEqual([])
  })

  it('leaves the new journal of one that has joined again to it, when it hears late that it may take over', async () => {
    const { authority, journals, clock } = await dead()
    clock.advance(10_001)
    let arrive = () => {}
    const arrived = new Promise<void>(resolve => (arrive = resolve))
    const slow: RecoverParts['authority'] = {
      claim: async (...asked) => {
        const isClaimed = await authority.claim(...asked)
        await arrived
        return isClaimed
      },
      post: (...asked) => authority.post(...asked),
      leave: (...asked) => authority.leave(...asked),
    }
    const late = recover('R1', { authority: slow, journals })
    await recover('R1', { authority, journals })
    await authority.join(replica)
    const journal = new FileJournal(root, replica)
    const entry = journal.begin(journalRow(row('c', 300n)))
    arrive()
    expect(await late).toBeUndefined()
    expect(charges(authority.rows())).toEqual(['a: 30', 'b: 200'])
    // What it writes from now on is found all the same, should it die.
    journal.end(entry, journalRow(row('c', 40n)))
    for (let next = 0; next < 3_000; next++) journal.begin(journalRow(row(`row ${next}`, 1n)))
    journal.close(false)
    clock.advance(10_001)
    expect(await recover('R1', { authority, journals })).toBe(3_001)
    expect(authority.rows().find(({ id }) => id === 'c')?.charge).toBe(40n)
    expect(journals.ids()).toEqual([])
  })
})
