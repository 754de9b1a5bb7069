import type { Authority } from '../authority.ts'
import type { Journals } from './journals.ts'
import { postTaken } from './refused-rows.ts'

/** Rows that are posted together. */
const BATCH = 500

export interface RecoverParts {
  readonly authority: Pick<Authority, 'claim' | 'post' | 'leave'>
  readonly journals: Journals
}

/**
 * Posts what a dead replica has left in its journal, gives its leases back and deletes the journal. It may only have been silent,
 * and others may do the same at the same time: it cannot join again before one of them has come to the end, and then the others
 * do nothing more to it. An attempt that has no final row was under way: its row from before the dial stands, `unsettled`, at the
 * worst price. Whoever does it a second time changes nothing. Gives back how many rows there were; undefined when it lives after
 * all.
 */
export async function recover(id: string, { authority, journals }: RecoverParts): Promise<number | undefined> {
  const isCertain = journals.ownerOf(id) === 'gone'
  if (!(await authority.claim(id, isCertain))) return undefined
  const { rows, remove } = journals.take(id)
  // That answer may have been long on its way, and others at the end meanwhile: then what was put aside is written on by who lives.
  if (!(await authority.claim(id, isCertain))) return undefined
  for (let at = 0; at < rows.length; at += BATCH) {
    await postTaken(some => authority.post(id, { rows: some, returns: [] }), rows.slice(at, at + BATCH))
  }
  await authority.leave(id, true)
  remove()
  return rows.length
}
