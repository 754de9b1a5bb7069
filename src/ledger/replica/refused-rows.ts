import { Failure } from '../../core/failure.ts'

/** The authority is there, and does not take what it was given: trying it again is in vain. One that is away fails in other ways. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Failure && error.kind === 'internal'
}

/** Two parts of about the same length; of one row, that row. */
export function halves<Row>(rows: readonly Row[]): readonly (readonly Row[])[] {
  const middle = Math.ceil(rows.length / 2)
  return [rows.slice(0, middle), rows.slice(middle)].filter(half => half.length > 0)
}

/** Posts all rows that are taken. @throws the first refusal, when the others are posted; or at once, when the authority is away. */
export async function postTaken<Row>(post: (rows: readonly Row[]) => Promise<unknown>, rows: readonly Row[]) {
  try {
    await post(rows)
  } catch (error) {
    if (!isRefusal(error) || rows.length === 1) throw error
    let refusal: unknown
    for (const half of halves(rows)) {
      await postTaken(post, half).catch(reason => {
        if (!isRefusal(reason)) throw reason
        refusal ??= reason
      })
    }
    if (refusal) throw refusal
  }
}
