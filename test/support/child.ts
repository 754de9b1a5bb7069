import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { within } from './watch.ts'

export const root: string = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** Very long: only a process that never ends must exceed it. */
const PATIENCE_MS = 100_000

/** A process that a test has started: it is killed with `kill`, and what it printed is kept. */
export interface Child {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** Settles when standard output holds this. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Settles with its exit code; null when a signal has ended it. */
  readonly exited: Promise<number | null>
  signal(name: NodeJS.Signals): void
  /** Reads nothing more of it, as a reader that has ended. */
  leave(stream: 'stdout' | 'stderr'): void
}

/**
 * Runs Node with an environment of its own: no keys and no settings of whoever runs the tests. Killed when it has not ended
 * after `lifeMs`.
 */
export function startNode(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  lifeMs = PATIENCE_MS,
): Child {
  // A gateway keeps its keys where it runs: each has a folder of its own.
  const own = args.includes('serve') ? mkdtempSync(join(tmpdir(), 'tollgate-serve-')) : undefined
  const child = spawn(process.execPath, args, {
    cwd: own ?? root,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', bytes => {
    stdout += bytes
    tell()
  })
  child.stderr.on('data', bytes => {
    stderr += bytes
  })
  const exited = new Promise<number | null>(resolve => {
    child.once('close', code => {
      if (own !== undefined) rmSync(own, { recursive: true, force: true })
      resolve(code)
    })
  })
  const found = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout)
        if (match) resolve(match)
      }
      listeners.add(look)
      look()
      void exited.then(code => reject(new Error(`it ended with ${code} before it printed ${pattern}: ${stderr}`)))
    })
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    printed: pattern => within(found(pattern), `${pattern} to be printed; so far: ${stdout}${stderr}`, PATIENCE_MS),
    exited: within(exited, `the process to end: ${args.join(' ')}`, lifeMs).finally(() => child.kill('SIGKILL')),
    signal: name => child.kill(name),
    leave: stream => void child[stream].destroy(),
  }
}

/** Builds what is stale, as `npm start` does. */
export async function ensureBuilt(): Promise<void> {
  const setup = pathToFileURL(join(root, 'scripts', 'lib', 'setup.mjs')).href
  const { exited, stderr } = startNode(['--input-type=module', '-e', `(await import('${setup}')).ensureBuilt()`], {
    HOME: process.env.HOME ?? '',
  })
  if ((await exited) !== 0) throw new Error(`the build failed: ${stderr()}`)
}
