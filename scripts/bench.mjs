// npm run bench: the gateway beside a bare pass-through, in one run.
import { ensureBuilt } from './lib/setup.mjs'

ensureBuilt()
// In this process: it ends what it has started when it is interrupted, and nobody must be gone before it has.
await import('../bench/run.mjs')
