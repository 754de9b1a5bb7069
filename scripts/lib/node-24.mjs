// A Node 24 binary from the npm registry, so that the tests can run on both supported lines.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './setup.mjs'

const VERSION = '24.21.0'

/** Its path; undefined where this platform has no such package or already runs Node 24. */
export function node24() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  if (process.platform !== 'linux' || Number(process.versions.node.split('.')[0]) >= 24) return undefined
  const folder = join(root, 'node_modules', '.cache', `node-${VERSION}`)
  const binary = join(folder, 'node_modules', name, 'bin', 'node')
  if (!existsSync(binary)) {
    console.error(`fetching Node ${VERSION} …`)
    mkdirSync(folder, { recursive: true })
    run('npm', [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `${name}@${VERSION}`,
    ])
  }
  return binary
}
