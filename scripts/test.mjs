// npm test: checks and all tests, after their own set-up. With CI=true (or --all-nodes) once more on Node 24; with
// CI=true also what a call costs, against what was accepted (bench/ratchet.json).
// The last line says how many tests passed and failed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureProgram } from './lib/debian.mjs'
import { node24 } from './lib/node-24.mjs'
import { ensureBuilt, root, run } from './lib/setup.mjs'

/** Races and accidents are repeated in full on the first Node, and so often on further ones. */
const LATER_SHARE = 0.1
const allNodes = process.env.CI === 'true' || process.argv.includes('--all-nodes')
const args = process.argv.slice(2).filter(arg => arg !== '--all-nodes')

ensureBuilt()
ensureProgram('curl')
// Debian keeps the server's own programs off the path; this one comes with them.
ensureProgram('pg_ctlcluster', 'postgresql')
ensureProgram('redis-server')
if (args.length === 0) run(process.execPath, [join(root, 'scripts', 'check.mjs')])
const nodes = [process.execPath, ...(allNodes ? [node24()] : [])].filter(node => node !== undefined)
const results = nodes.map((node, index) => vitest(node, { args, share: index === 0 ? 1 : LATER_SHARE }))
const isDear = process.env.CI === 'true' && args.length === 0 && costsMore()
const total = { passed: 0, failed: 0, skipped: 0 }
for (const { passed, failed, skipped } of results) {
  total.passed += passed
  total.failed += failed
  total.skipped += skipped
}
if (isDear) console.error('\nwhat a call costs was not accepted, see above: this fails, whatever the tests say')
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(results.find(({ status }) => status !== 0)?.status ?? (isDear ? 1 : 0))

/** Whether calls cost more than was accepted, on this Node. */
function costsMore() {
  console.log('\nwhat a call costs, against bench/ratchet.json')
  const bench = join(root, 'bench', 'run.mjs')
  return spawnSync(process.execPath, [bench, '--quick'], { cwd: root, stdio: 'inherit' }).status !== 0
}

/** Runs the tests under a Node binary; what is done very often, only that share of times. */
function vitest(node, { args, share }) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  console.log(`\ntests on Node ${stdout.trim()}`)
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-test-'))
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { status } = spawnSync(
    node,
    [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...reporters, ...args],
    {
      cwd: root,
      stdio: 'inherit',
      // Children of the tests run on the same Node.
      env: { TOLLGATE_TEST_SHARE: `${share}`, ...process.env, PATH: `${join(node, '..')}:${process.env.PATH}` },
    },
  )
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'))
    return { status: status ?? 1, passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests }
  } catch {
    console.error('the tests did not come to an end')
    return { status: status || 1, passed: 0, failed: 1, skipped: 0 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
