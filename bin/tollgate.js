#!/usr/bin/env node
import { existsSync } from 'node:fs'

const cli = new URL('../dist/cli.mjs', import.meta.url)
if (!existsSync(cli)) {
  console.error('tollgate is not built yet: run `npm run build` first (npm start does it by itself)')
  process.exit(1)
}
const { main } = await import(cli.href)
await main(process.argv)
