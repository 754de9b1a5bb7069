import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeFolder } from './make-folder.ts'

it('makes a folder with those above it, and takes one that is there', () => {
  const root = mkdtempSync(join(tmpdir(), 'tollgate-folder-'))
  try {
    for (const _ of [1, 2]) makeFolder(join(root, 'a', 'b', 'c'))
    expect(statSync(join(root, 'a', 'b', 'c')).isDirectory()).toBe(true)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})

it.runIf(process.platform === 'linux')('is refused below /proc at once', () => {
  expect(() => makeFolder('/proc/tollgate/journal')).toThrow(/ENOENT|EACCES|EPERM/)
})
