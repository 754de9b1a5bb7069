import { ensureBuilt } from './lib/setup.mjs'

ensureBuilt()
