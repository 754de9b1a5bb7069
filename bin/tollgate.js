#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'

const cli = new URL('../dist/cli.mjs', import.meta.url)
if (!existsSync(cli)) {
  console.error('tollgate is not built yet: run `npm run build` first (npm start does it by itself)')
  process.exit(1)
}
// From Node 22 on: what was compiled once is kept, and the next start takes a tenth less.
module.enableCompileCache?.()
const { main } = await import(cli.href)
await main(process.argv)
