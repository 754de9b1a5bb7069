// npm run bench: the gateway beside a bare pass-through, in one run.
import { join } from 'node:path'
import { ensureBuilt, root, run } from './lib/setup.mjs'

ensureBuilt()
run(process.execPath, [join(root, 'bench', 'run.mjs'), ...process.argv.slice(2)])
