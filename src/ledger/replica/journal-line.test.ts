import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileJournals } from './file-journals.ts'
import { beginLine, budgetText, endLine, readLines } from './journal-line.ts'

const budgets = `${budgetText('key|a', 1_000)},${budgetText('gateway|', undefined)}`
const begun = beginLine({ id: 'one-1', charge: 900n, budgets }, '{"id":"one-1","outcome":"unsettled","charge":"900"}')
const ended = endLine({ id: 'one-1', charge: 70n, budgets }, '"outcome":"complete","charge":"70"')

test('a row that has ended is whole: what was known before, and what the end says', () => {
  const [row] = readLines([begun, ended])
  expect(row).toMatchObject({ id: 'one-1', charge: 70n })
  expect(JSON.parse(row?.text ?? '')).toEqual({ id: 'one-1', outcome: 'complete', charge: '70' })
  expect(row?.budgets.map(({ terms, windowStart }) => [terms.id, windowStart])).toEqual([
    ['key|a', 1_000],
    ['gateway|', undefined],
  ])
})

test('a row that has not ended stands as it was begun', () => {
  expect(readLines([begun])).toMatchObject([{ id: 'one-1', charge: 900n }])
})

test('a torn end leaves the beginning, and an end without its beginning says nothing', () => {
  expect(readLines([begun, ended.slice(0, 40)])).toMatchObject([{ charge: 900n }])
  expect(readLines([ended, 'nonsense', '', '{"id":1}'])).toEqual([])
})

test('a file keeps both lines, whatever their length and letters', () => {
  const root = mkdtempSync(join(tmpdir(), 'tollgate-journal-'))
  try {
    const journals = new FileJournals(root)
    const journal = journals.open({ id: 'replica', host: 'here', pid: process.pid, leaseMs: 10_000 })
    for (const name of ['é€😀', 'x'.repeat(70_000)]) {
      const id = `${name.length}-1`
      const entry = journal.begin(beginLine({ id, charge: 9n, budgets: '' }, JSON.stringify({ id, pool: name })))
      journal.end(entry, endLine({ id, charge: 7n, budgets: '' }, '"outcome":"complete"'))
    }
    journal.close(false)
    const read = journals.read('replica').map(({ text }) => JSON.parse(text))
    expect(read).toEqual([
      { id: '4-1', pool: 'é€😀', outcome: 'complete' },
      { id: '70000-1', pool: 'x'.repeat(70_000), outcome: 'complete' },
    ])
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
