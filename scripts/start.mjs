// npm start: the gateway on 127.0.0.1:4000, on a fresh clone too.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureBuilt, root } from './lib/setup.mjs'

ensureBuilt()
const args = process.argv.slice(2)
const child = spawn(process.execPath, [join(root, 'bin', 'tollgate.js'), 'serve', ...args], {
  stdio: 'inherit',
  cwd: root,
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
