import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** Where the corpora lie that are no part of this repository. */
const folder = process.env.TOLLGATE_TEST_DATA ?? join(root, '..', 'shared', 'data')

/** The path of a file or folder of the corpora; undefined, and said loudly, when it is not there. */
export function corpus(name: string): string | undefined {
  const path = join(folder, name)
  if (existsSync(path)) return path
  console.warn(`SKIPPED: there is no ${path}; set TOLLGATE_TEST_DATA to the folder that holds ${name}`)
  return undefined
}

/** A file of JSON lines. */
export function readJsonLines<Row>(path: string): Row[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Row)
}
