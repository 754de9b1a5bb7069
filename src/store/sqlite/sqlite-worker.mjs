// One SQLite connection in a thread of its own: statements come as messages and are answered in order. Plain JavaScript,
// because a worker thread loads its file as it is. Node's own SQLite where it is no longer behind a flag, else libsql.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'

/** Statements that differ in their text: more are prepared anew each time. */
const CACHED_STATEMENTS = 500
const READS = /^\s*(?:select|with|pragma|values|explain)\b|\breturning\b/i

const require = createRequire(import.meta.url)
const statements = new Map()
let database

function hasNodeSqlite() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 13)
}

function open(path) {
  if (!hasNodeSqlite()) {
    const Database = require('libsql')
    return new Database(path).defaultSafeIntegers(true)
  }
  const emitWarning = process.emitWarning
  // That it is experimental is known to who chose it.
  process.emitWarning = () => {}
  const { DatabaseSync } = require('node:sqlite')
  process.emitWarning = emitWarning
  return new DatabaseSync(path)
}

function prepare(sql) {
  const known = statements.get(sql)
  if (known) return known
  const statement = database.prepare(sql)
  if (hasNodeSqlite()) statement.setReadBigInts(true)
  const prepared = { statement, reads: READS.test(sql) }
  if (statements.size >= CACHED_STATEMENTS) statements.delete(statements.keys().next().value)
  statements.set(sql, prepared)
  return prepared
}

/** Integers are bound as integers: as floats they would not do for `limit`, and would spoil JSON. */
function bound(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (typeof value === 'boolean') return value ? 1n : 0n
  return value === undefined ? null : value
}

function run(sql, parameters) {
  const { statement, reads } = prepare(sql)
  const values = parameters.map(bound)
  if (reads) {
    const rows = hasNodeSqlite() ? statement.all(...values) : statement.all(values)
    return { rows, changes: rows.length }
  }
  return { rows: [], changes: changesOf(statement, values) }
}

function changesOf(statement, values) {
  return Number((hasNodeSqlite() ? statement.run(...values) : statement.run(values)).changes)
}

/** Runs a statement for each row (`GatheredRows`), and says which have changed nothing. */
function runEach(sql, { columns, texts, shared, sets, setOf }) {
  const { statement } = prepare(sql)
  const objects = shared.map(text => JSON.parse(text))
  const common = sets.map(set => valuesOf(columns, Object.assign({}, ...set.map(number => objects[number]))))
  const rows = []
  for (let place = 0; place < texts.length; place++) {
    const values = valuesOf(columns, JSON.parse(texts[place]), common[setOf[place] - 1])
    if (changesOf(statement, values) === 0) rows.push({ place })
  }
  return { rows, changes: texts.length - rows.length }
}

/** Integers may be texts of digits, or floats without a fraction: the columns, which are strict, make them integers. */
function valuesOf(columns, row, others) {
  return columns.map((name, at) => row[name] ?? others?.[at] ?? null)
}

/** Messages carry no error objects of native code; SQLite's primary code is the lowest byte of the extended one. */
function described(error) {
  const code = error?.errcode ?? error?.rawCode
  return { message: String(error?.message ?? error), code: typeof code === 'number' ? code & 0xff : undefined }
}

function answer({ id, sql, parameters, each }) {
  if (sql === undefined) {
    statements.clear()
    database?.close()
    parentPort.postMessage({ id, rows: [], changes: 0 })
    parentPort.close()
    return
  }
  try {
    database ??= open(workerData.path)
    parentPort.postMessage({ id, ...(each ? runEach(sql, each) : run(sql, parameters)) })
  } catch (error) {
    parentPort.postMessage({ id, error: described(error) })
  }
}

parentPort.on('message', answer)
