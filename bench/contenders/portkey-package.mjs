// Portkey's gateway, fetched on request into a folder of its own: it is no dependency of this project.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from '../../scripts/lib/setup.mjs'

const VERSION = '1.15.2'
/**
 * With today's Hono, and with today's adapter of it, its streams break ("TypeError: immutable"): they hand out the
 * upstream's own headers, which nobody may add to. 4.9.7 is what it was made with; 1.13.8 works with that.
 */
const PINNED = { hono: '4.9.7', '@hono/node-server': '1.13.8' }

export function portkeyProgram() {
  const folder = join(root, 'node_modules', '.cache', `portkey-${VERSION}-hono-${PINNED.hono}`)
  const program = join(folder, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js')
  if (existsSync(program)) return program
  console.error(`fetching @portkey-ai/gateway ${VERSION} …`)
  mkdirSync(folder, { recursive: true })
  const manifest = { private: true, dependencies: { '@portkey-ai/gateway': VERSION }, overrides: PINNED }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  return program
}
