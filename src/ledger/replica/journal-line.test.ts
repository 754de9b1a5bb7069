import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileJournals } from './file-journals.ts'
import { budgetText, LineWriter } from './journal-line.ts'
import { readLines } from './read-journal.ts'

const bearers = [
  `[${budgetText('key|a%7Cb%20%25', 1_000)},${budgetText('team|t', 0)}]`,
  `[${budgetText('gateway|', undefined)}]`,
]
const shared = ['{"provider":"openai","unpriced":0}', '{"key_id":"a"}']
const one = { id: 'one-1', charge: 900n, bearers, shared, text: '{"id":"one-1","held":"900"}' }
const ended = { charge: 70n, bearers, text: '{"outcome":"complete","charge":"70","cost":"70"}' }

const linesOf = (...texts: readonly string[]) => texts.join('').split('\n')
const rowsOf = (lines: readonly string[]) => readLines(lines).map(({ text }) => JSON.parse(text))

describe('the lines of a journal', () => {
  it('give a whole row: what it shares with others, what was known before, and what the end says', () => {
    const writer = new LineWriter()
    const [row] = readLines(linesOf(writer.begin(one), writer.end('one-1', ended)))
    expect(row).toMatchObject({ id: 'one-1', charge: 70n })
    expect(JSON.parse(row?.text ?? '')).toEqual({
      id: 'one-1',
      held: '900',
      provider: 'openai',
      unpriced: 0,
      key_id: 'a',
      outcome: 'complete',
      charge: '70',
      cost: '70',
    })
    expect(row?.budgets.map(({ terms, windowStart }) => [terms.id, terms.subject, windowStart])).toEqual([
      ['key|a%7Cb%20%25', 'a|b %', 1_000],
      ['team|t', 't', 0],
      ['gateway|', '', undefined],
    ])
  })

  it('charge an attempt that has not ended the most, with a cost where its price is known', () => {
    const unpriced = { ...one, id: 'two-1', shared: ['{"unpriced":1}'], text: '{"id":"two-1"}' }
    const writer = new LineWriter()
    const lines = linesOf(writer.begin(one), writer.begin(unpriced))
    expect(readLines(lines)).toMatchObject([{ charge: 900n }, { charge: 900n }])
    expect(rowsOf(lines)).toMatchObject([
      { outcome: 'unsettled', charge: '900', overrun: '0', estimated: 1, cost: '900' },
      { outcome: 'unsettled', charge: '900' },
    ])
    expect(rowsOf(lines)[1]).not.toHaveProperty('cost')
  })

  it('name each common text once', () => {
    const writer = new LineWriter()
    expect(linesOf(writer.begin(one)).length - 1).toBe(5)
    expect(linesOf(writer.begin({ ...one, id: 'two-1' })).length - 1).toBe(1)
    expect(writer.end('one-1', ended)).not.toContain('gateway')
  })

  it('that are torn, or none, say nothing', () => {
    const writer = new LineWriter()
    const begun = writer.begin(one)
    const end = writer.end('one-1', ended)
    expect(readLines(linesOf(begun, end.slice(0, 40)))).toMatchObject([{ charge: 900n }])
    expect(readLines([...linesOf(end), 'nonsense', '', '1', '[]', '{"id":1}', '\0\0\0'])).toEqual([])
    for (let cut = 1; cut < begun.length - 1; cut += 7) expect(readLines(linesOf(begun.slice(0, cut)))).toEqual([])
  })

  it('whose common texts are lost with a torn file are no rows', () => {
    const line = linesOf(new LineWriter().begin(one)).filter(text => text.includes('"row"'))
    expect(readLines(line)).toEqual([])
  })
})

describe('a file of a journal', () => {
  function inFolder<Result>(work: (root: string) => Result): Result {
    const root = mkdtempSync(join(tmpdir(), 'tollgate-journal-'))
    try {
      return work(root)
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  }
  const replica = { id: 'R1', host: 'here', pid: process.pid, leaseMs: 10_000 }

  it('gives back what was written, over many files, whatever its letters and length', () =>
    inFolder(root => {
      const texts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('x'.repeat(70_000))), { minLength: 1 })
      fc.assert(
        fc.property(texts, names => {
          const journals = new FileJournals(root)
          const journal = journals.open(replica)
          names.forEach((name, number) => {
            const own = { ...one, id: `${number}`, text: JSON.stringify({ id: `${number}`, pool: name }) }
            const entry = journal.begin(
              number % 3 === 0 ? { ...own, shared: [...shared, `{"tags":"${number}"}`] } : own,
            )
            if (number % 2 === 0) journal.end(entry, { ...ended, charge: BigInt(number) })
          })
          journal.close(false)
          const read = journals.take('R1').rows
          journals.take('R1').remove()
          expect(read.map(({ text }) => (JSON.parse(text) as { pool: string }).pool)).toEqual(
            names.map(name => JSON.parse(JSON.stringify(name))),
          )
          expect(read.map(({ charge }) => charge)).toEqual(names.map((_, at) => (at % 2 === 0 ? BigInt(at) : 900n)))
        }),
        { numRuns: 30 },
      )
    }))

  it('has bytes reserved behind its lines', () =>
    inFolder(root => {
      const journal = new FileJournals(root).open(replica)
      journal.begin(one)
      const bytes = readFileSync(join(root, 'R1', '00000001.jsonl'))
      expect(bytes.at(-1)).toBe(0)
      expect(bytes.length).toBeGreaterThanOrEqual(64 << 10)
      journal.close(true)
    }))
})
