import type { Call } from '../../core/call.ts'
import type { TagSettings } from '../../core/settings.ts'

/** What a call's tags ask for. */
export interface TagOrders {
  /** Any of them (or all, as configured) is preferred. */
  readonly plain: readonly string[]
  /** `&tag`: the deployment must have it. */
  readonly required: readonly string[]
  /** `!tag`: the deployment must not have it. */
  readonly excluded: readonly string[]
  /** `User-Agent: value`, what `tag_regex` is matched against. */
  readonly userAgent: string | undefined
}

/**
 * Reads a call's tags. With a prefix configured, only tags that carry it are orders, and it is cut off first; the others
 * are labels for the books. `&` and `!` come after the prefix.
 */
export function tagOrdersOf({ options }: Call, { prefix }: TagSettings): TagOrders {
  const plain: string[] = []
  const required: string[] = []
  const excluded: string[] = []
  for (const tag of options.tags ?? []) {
    if (!tag.startsWith(prefix)) continue
    const order = tag.slice(prefix.length)
    if (order.startsWith('!')) excluded.push(order.slice(1))
    else if (order.startsWith('&')) required.push(order.slice(1))
    else if (order) plain.push(order)
  }
  const userAgent = options.userAgent === undefined ? undefined : `User-Agent: ${options.userAgent}`
  return { plain, required, excluded, userAgent }
}
