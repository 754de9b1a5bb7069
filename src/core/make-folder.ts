import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder, and those above it, where there is none. Not `recursive`: where a file system refuses as if the parent were not
 * there (/proc), Node tries for ever.
 * @throws the error of the system when one cannot be made.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(path)) throw error
  }
}
