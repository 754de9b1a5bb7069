import type { z } from 'zod'
import { Failure } from '../core/failure.ts'
import type { Json } from '../core/json.ts'

interface Defaults {
  /** The configuration's section, for messages. */
  readonly section: string
  readonly fields: Readonly<Record<string, Json>> | undefined
}

/**
 * What a request says over what the configuration says for those that do not. Names that the operation does not know have
 * a meaning elsewhere in the configuration.
 * @throws Failure `internal` when the configuration says what no request could
 */
export function withDefaults<Schema extends z.ZodObject>(
  schema: Schema,
  input: z.output<Schema>,
  { section, fields }: Defaults,
): z.output<Schema> {
  if (!fields) return input
  const known = Object.entries(fields).filter(([name]) => Object.hasOwn(schema.shape, name))
  const given = Object.entries(input).filter(([, value]) => value !== undefined && value !== null)
  const result = schema.safeParse(Object.fromEntries([...known, ...given]))
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new Failure('internal', `${section}.${issue?.path.join('.')} in the configuration: ${issue?.message}`)
}
