/**
 * How often to do something that is done often: `count` times, or that share of it which TOLLGATE_TEST_SHARE (0 to 1, default
 * 1) says, where the same was done in full elsewhere; at least once.
 */
export function repeat(count: number, share: string | undefined = process.env.TOLLGATE_TEST_SHARE): number {
  const part = share === undefined || share === '' ? 1 : Number(share)
  if (!(part >= 0 && part <= 1)) throw new Error(`TOLLGATE_TEST_SHARE must be a number from 0 to 1, not ${share}`)
  return Math.max(1, Math.round(count * part))
}
