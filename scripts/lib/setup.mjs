// Brings a clone into working order: installs when the lockfile has changed, builds when a source has.
// Uses nothing but Node itself, because it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

const INSTALL_STAMP = join(root, 'node_modules', '.tollgate-install')
const BUILD_STAMP = join(root, 'dist', '.tollgate-build')
const BUILD_INPUTS = ['src', 'tsdown.config.ts', 'tsconfig.json', 'package.json']

/** Runs a program with this terminal; ends this process with its status when it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) {
    console.error(`${command} could not be started: ${error.message}`)
    process.exit(1)
  }
  if (status !== 0) process.exit(status ?? 1)
}

/** Runs a tool that came with the packages. */
export function runTool(name, args, options) {
  run(join(root, 'node_modules', '.bin', name), args, options)
}

/** The same; what it says is shown only when it fails. */
function runToolQuietly(name, args) {
  const { status, stdout, stderr, error } = spawnSync(join(root, 'node_modules', '.bin', name), args, {
    cwd: root,
    encoding: 'utf8',
  })
  if (status === 0) return
  console.error(error?.message ?? `${stdout}${stderr}`)
  process.exit(status ?? 1)
}

export function ensureNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  console.error(`tollgate needs Node.js 20.19 or later; this is ${process.version}`)
  process.exit(1)
}

export function ensureInstalled() {
  ensureNode()
  // `npm ci` empties what a link leads to, which is another clone's: whoever linked it looks after it.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return
  const wanted = hashOf(['package-lock.json'])
  if (stampOf(INSTALL_STAMP) === wanted) return
  console.error('installing packages …')
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(INSTALL_STAMP, wanted)
}

export function ensureBuilt() {
  ensureInstalled()
  const wanted = hashOf(BUILD_INPUTS)
  if (stampOf(BUILD_STAMP) === wanted) return
  console.error('building …')
  runToolQuietly('tsdown', [])
  mkdirSync(dirname(BUILD_STAMP), { recursive: true })
  writeFileSync(BUILD_STAMP, wanted)
}

function stampOf(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function hashOf(inputs) {
  const hash = createHash('sha256')
  for (const input of inputs)
    for (const file of filesOf(join(root, input))) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

function filesOf(path) {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && !entry.name.endsWith('.test.ts'))
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
  } catch {
    return [path]
  }
}
