import type { Attributes, AttributeValue } from '@opentelemetry/api'

/** How much a span may hold. https://opentelemetry.io/docs/specs/otel/common/#attribute-limits */
export interface AttributeLimits {
  /** Attributes of one span; later ones are dropped. */
  readonly count: number
  /** Characters of a value, and of each in a list; what is longer is cut. */
  readonly valueLength: number
}

/** What the limits leave of attributes. */
export function limited(attributes: Attributes, { count, valueLength }: AttributeLimits): Attributes {
  const kept = Object.entries(attributes).slice(0, count)
  return Object.fromEntries(kept.map(([name, value]) => [name, cut(value, valueLength)]))
}

function cut(value: AttributeValue | undefined, length: number): AttributeValue | undefined {
  if (typeof value === 'string') return value.slice(0, length)
  if (!Array.isArray(value)) return value
  return value.map(one => (typeof one === 'string' ? one.slice(0, length) : one)) as AttributeValue
}
