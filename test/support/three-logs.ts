import type { UpstreamRecord } from '../../src/testing/index.ts'
import type { ClientCall } from './clients.ts'
import { billed, type OracleRates } from './oracle.ts'
import type { BudgetCopyRow, LedgerCopy, LedgerCopyRow } from './read-ledger.ts'

/** An upstream's own log, and what it bills. */
export interface UpstreamSide {
  readonly log: readonly UpstreamRecord[]
  readonly rates: OracleRates
}

/** Three logs of one run, of which none is believed alone (reliability.md (d)). */
export interface ThreeLogs {
  readonly upstreams: readonly UpstreamSide[]
  readonly clients: readonly ClientCall[]
  readonly ledger: LedgerCopy
  /** Processes were killed: what was under way is `unsettled` then, and nothing else. */
  readonly killed?: boolean
  /** Leases may be out still, because processes run. */
  readonly running?: boolean
}

/** One request that an upstream has read, with what the ledger says of it. */
interface Dialled {
  readonly record: UpstreamRecord
  readonly rates: OracleRates
  readonly row: LedgerCopyRow | undefined
}

/**
 * Everything in which the three logs do not agree, in words; nothing when every answer was charged once, to the nano-dollar.
 * Its arithmetic and its reading are its own.
 */
export function discrepancies(logs: ThreeLogs): string[] {
  const byId = new Map(logs.ledger.rows.map(row => [row.id, row]))
  const dialled = logs.upstreams.flatMap(({ log, rates }) =>
    log
      .filter(({ operation }) => operation === 'chat')
      .map(record => ({ record, rates, row: byId.get(record.attemptId ?? '') })),
  )
  return [
    ...(byId.size === logs.ledger.rows.length ? [] : ['two rows have one id']),
    ...dialled.flatMap(one => ofAttempt(one, logs)),
    ...undialled(logs, dialled),
    ...ofNumbers(logs.ledger.rows),
    ...logs.ledger.rows.flatMap(ofRow),
    ...ofClients(logs, dialled),
    ...logs.ledger.budgets.flatMap(budget => ofBudget(budget, logs.ledger.rows)),
    ...(logs.running ? [] : ofLeases(logs.ledger)),
  ]
}

/** I1: what an upstream has read has one row; what it answered and told is charged exactly; errors cost nothing. */
function ofAttempt({ record, rates, row }: Dialled, { killed = false }: ThreeLogs): string[] {
  const name = `attempt ${record.attemptId} (${record.fault?.name ?? 'no fault'}, closed by ${record.closed})`
  if (record.attemptId === undefined) return ['a request came without the id of its attempt']
  if (!row) return [`${name} has no row`]
  const says = `${name}: ${row.outcome}, charged ${row.charge}${row.estimated ? ', estimated' : ''}`
  if (row.outcome === 'unsettled') return killed ? [] : [`${says}, although nobody was killed`]
  if (isRefusal(record)) return row.charge === 0n ? [] : [`${says} for an error`]
  if (row.estimated) {
    if (row.outcome === 'complete' && record.usage) return [`${says}, although the usage was told`]
    return []
  }
  const bill = record.counted ? billed(rates, record.counted) : 0n
  if (record.usage) return row.charge === bill ? [] : [`${says}, billed ${bill}`]
  // What was told in no way cannot be charged exactly; and what brought content is not free.
  if (record.counted && record.bytesOut > 0 && row.outcome !== 'abandoned') return [`${says}, and not flagged`]
  return row.charge === 0n ? [] : [`${says}, and not flagged`]
}

/** An error instead of an answer, which a whole answer with status 200 can be. */
function isRefusal({ status = 0, fault, streamed }: UpstreamRecord): boolean {
  return status >= 400 || (fault?.kind === 'stream-error' && !streamed)
}

/** What no upstream has seen costs nothing, unless its process died between the journal and the dial. */
function undialled({ ledger, killed = false }: ThreeLogs, dialled: readonly Dialled[]): string[] {
  const seen = new Set(dialled.map(({ record }) => record.attemptId))
  return ledger.rows
    .filter(row => !seen.has(row.id) && row.charge !== 0n && !(killed && row.outcome === 'unsettled'))
    .map(row => `row ${row.id} charges ${row.charge} (${row.outcome}) for what no upstream has seen`)
}

/** The attempts of a call are counted from 1, without a gap. */
function ofNumbers(rows: readonly LedgerCopyRow[]): string[] {
  const calls = groups(rows, row => row.call_id)
  return [...calls].flatMap(([id, own]) => {
    const numbers = own.map(row => row.number).sort((one, other) => one - other)
    return numbers.every((number, index) => number === index + 1) ? [] : [`call ${id} has attempts ${numbers.join()}`]
  })
}

function ofRow(row: LedgerCopyRow): string[] {
  const says = `row ${row.id} (${row.outcome})`
  const wrong: string[] = []
  if (row.outcome === 'unsettled' && (row.charge !== row.held || !row.estimated))
    wrong.push(`${says} is not charged its worst price, flagged`)
  if (row.overrun !== 0n || row.charge > row.held) wrong.push(`${says} is charged more than was held for it`)
  if (row.charge < 0n) wrong.push(`${says} is charged less than nothing`)
  return wrong
}

/** I3, I4, I9: each call ended in one way; whole answers are its own, and have one whole row. */
function ofClients({ clients, ledger }: ThreeLogs, dialled: readonly Dialled[]): string[] {
  const byCanary = groups(dialled, ({ record }) => /T\d+-[0-9a-f]+/.exec(record.prompt)?.[0] ?? '')
  const byCall = groups(ledger.rows, row => row.call_id)
  return clients.flatMap(call => {
    const own = byCanary.get(call.canary) ?? []
    const ids = new Set(own.flatMap(({ row }) => row?.call_id ?? []))
    if (call.callId !== undefined && call.status === 200) ids.add(call.callId)
    const wrong: string[] = []
    const says = `call ${[...ids].join() || call.canary} (${call.end}, ${call.status})`
    if (call.end === undefined) wrong.push(`${says} never ended`)
    if (ids.size > 1) wrong.push(`${says} has the rows of several calls`)
    const others = (call.text.match(/T\d+-[0-9a-f]{12,}/g) ?? []).filter(one => !call.canary.startsWith(one))
    if (others.length > 0) wrong.push(`${says} shows ${others.join()} of somebody else`)
    if (call.end !== 'complete') return wrong
    const rows = [...ids].flatMap(id => byCall.get(id) ?? [])
    const whole = rows.filter(row => row.outcome === 'complete')
    if (whole.length !== 1) wrong.push(`${says} was answered, and has ${whole.length} whole rows`)
    return wrong
  })
}

/** The sum of the rows is what is spent, and within the limit (I2). */
function ofBudget(budget: BudgetCopyRow, rows: readonly LedgerCopyRow[]): string[] {
  const column = ({ key: 'key_id', team: 'team_id', user: 'user_id' } as const)[budget.level]
  if (budget.pool !== '' || (column === undefined && budget.level !== 'gateway')) return []
  const own = column === undefined ? rows : rows.filter(row => row[column] === budget.subject)
  const sum = own.reduce((total, row) => total + row.charge, 0n)
  const wrong: string[] = []
  if (sum !== budget.spent) wrong.push(`budget ${budget.id} has ${budget.spent} spent, and rows of ${sum}`)
  if (budget.limit_nano !== null && budget.spent + budget.leased > budget.limit_nano)
    wrong.push(`budget ${budget.id} has ${budget.spent} spent and ${budget.leased} lent of ${budget.limit_nano}`)
  return wrong
}

function ofLeases({ leases, budgets, replicas }: LedgerCopy): string[] {
  return [
    ...leases.map(({ replica, budget_id, amount }) => `${replica} has ${amount} of ${budget_id} under lease still`),
    ...budgets.filter(({ leased }) => leased !== 0n).map(({ id, leased }) => `budget ${id} has ${leased} lent still`),
    ...replicas.map(({ id }) => `replica ${id} is in the books still`),
  ]
}

/** Node 20 has no `Map.groupBy`. */
function groups<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const found = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const list = found.get(key)
    if (list) list.push(item)
    else found.set(key, [item])
  }
  return found
}
