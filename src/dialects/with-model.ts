import { isObject } from '../core/json.ts'
import { Pieces } from '../core/pieces.ts'
import type { Source } from '../core/request.ts'
import type { ParsedBody } from './parse-body.ts'

/** The body as if it had named this model itself; one that is no object is left to those who refuse it. */
export function withModel({ value, source }: ParsedBody, model: string): ParsedBody {
  if (!isObject(value)) return { value, source }
  const isNamed = value.model !== undefined
  // In place: what is known of the body's long texts is kept by this object. A long text is read by a getter alone.
  Object.defineProperty(value, 'model', { value: model, enumerable: true, configurable: true, writable: true })
  return { value, source: isNamed ? source : withMember(source, model) }
}

const NAME = Buffer.from('"model":')
const COMMA = Buffer.from(',')

/** The bytes with the member put in first, so that all others stay as the client wrote them. */
function withMember(source: Source, model: string): Source {
  const at = source.bytes.joined().indexOf(0x7b) + 1
  const name = Buffer.from(JSON.stringify(model))
  const start = at + NAME.length
  return {
    ...source,
    bytes: new Pieces(source.bytes.edited([{ start: at, end: at, bytes: Buffer.concat([NAME, name, COMMA]) }])),
    model: { start, end: start + name.length },
  }
}
