// npm test: everything, after its own set-up. The last line says how many passed and failed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt, root, run } from './lib/setup.mjs'

const args = process.argv.slice(2)

ensureBuilt()
if (args.length === 0) run(process.execPath, [join(root, 'scripts', 'check.mjs')])
process.exit(vitest(process.execPath, args))

/** Runs the tests under a Node binary and tells their number in one plain line. */
function vitest(node, args) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-test-'))
  const report = join(folder, 'report.json')
  const command = [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args,
  ]
  const { status } = spawnSync(node, command, { cwd: root, stdio: 'inherit' })
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'))
    console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`)
  } catch {
    console.error('the tests did not come to an end')
    return status || 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return status ?? 1
}
