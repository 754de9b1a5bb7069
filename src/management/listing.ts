import { z } from 'zod'
import { badRequest } from './errors.ts'
import { queryNumber } from './fields.ts'

/** So many rows in one answer at most, where LiteLLM's API has no pages. */
const MOST = 1_000

/** Query fields of lists that come in pages. */
export const pageFields = {
  page: queryNumber(1, 1_000_000).default(1),
  page_size: queryNumber(1, 100).default(25),
} as const

/** Query fields of lists that come whole: pages may be asked for, and must be of lists over 1,000 rows. */
export const wholeFields = {
  page: queryNumber(1, 1_000_000).optional(),
  page_size: queryNumber(1, MOST).optional(),
} as const

export const sortOrder = z.enum(['asc', 'desc']).default('desc')

interface Slice {
  readonly limit: number
  readonly offset: number
}

export function sliceOf({ page, page_size }: { readonly page: number; readonly page_size: number }): Slice {
  return { limit: page_size, offset: (page - 1) * page_size }
}

/**
 * All rows of a list, or the page that was asked for. A list that is too long is refused, not cut in silence.
 * @param read gives the rows of a slice
 */
export async function wholeList<Row>(
  asked: { readonly page?: number | undefined; readonly page_size?: number | undefined },
  read: (slice: Slice) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const { page, page_size } = asked
  if (page !== undefined || page_size !== undefined)
    return read(sliceOf({ page: page ?? 1, page_size: page_size ?? 100 }))
  const rows = await read({ limit: MOST + 1, offset: 0 })
  if (rows.length <= MOST) return rows
  throw badRequest(`there are more than ${MOST}; ask for pages with page and page_size`, 'page')
}

/** How a page of a list is told. */
export function pageOf(total: number, { page, page_size }: { readonly page: number; readonly page_size: number }) {
  return { total, page, page_size, total_pages: Math.ceil(total / page_size) }
}
