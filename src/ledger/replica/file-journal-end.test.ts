import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FileJournals } from './file-journals.ts'

const root = mkdtempSync(join(tmpdir(), 'tollgate-journal-'))
afterEach(() => rmSync(root, { recursive: true, force: true }))

const replica = { id: 'R1', host: 'here', pid: 1, leaseMs: 10_000 }
const row = (id: string, charge: bigint) => ({ id, charge, bearers: [], shared: [], text: `{"id":"${id}"}` })

describe('FileJournal', () => {
  it('has a final row on disk before anybody can be told of the end', () => {
    const journals = new FileJournals(root)
    const journal = journals.open(replica)
    const entry = journal.begin(row('A', 9n))
    expect(journals.take('R1').rows).toMatchObject([{ id: 'A', charge: 9n }])
    journal.end(entry, row('A', 4n))
    expect(journals.take('R1').rows).toMatchObject([{ id: 'A', charge: 4n }])
    journal.posted(entry)
    journal.close(true)
    expect(existsSync(join(root, 'R1'))).toBe(false)
  })

  it('keeps what was under way when it was closed, and writes nothing more', () => {
    const journals = new FileJournals(root)
    const journal = journals.open(replica)
    const entry = journal.begin(row('B', 9n))
    journal.close(false)
    journal.end(entry, row('B', 3n))
    expect(() => journal.begin(row('C', 9n))).toThrow('cannot be written')
    expect(journals.take('R1').rows).toMatchObject([{ id: 'B', charge: 9n }])
    expect(journals.take('R1').rows).toHaveLength(1)
  })
})
