import type { CallOptions } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { afterEdits, memberEdits } from '../core/json-edits.ts'
import { Pieces } from '../core/pieces.ts'
import type { Operation, Request, Source } from '../core/request.ts'
import { checkJson } from './check-json.ts'
import { CONTROL_KEYS } from './control-keys.ts'
import { type RequestHeaders, readOptions } from './options.ts'
import { parseBody } from './parse-body.ts'
import { validate } from './validate.ts'
import { withModel } from './with-model.ts'

/** A client's request, read: what is asked of the model, and what of the router. */
export interface Asked {
  readonly pool: string
  readonly request: Request
  readonly options: CallOptions
}

/**
 * Reads a request body of OpenAI's API. `model`: what the path names, which wins over the body's.
 * @throws Failure `invalid_request`, naming the member that is wrong.
 */
export function readBytes(operation: Operation, bytes: Pieces, headers: RequestHeaders, model?: string): Asked {
  const parsed = parseBody(bytes)
  const { value, source } = model === undefined ? parsed : withModel(parsed, model)
  return readBody(operation, value, { source, headers })
}

/** The same for a body that has been parsed, as in the library. */
export function readBody(
  operation: Operation,
  value: unknown,
  { source, headers = {} }: { readonly source?: Source; readonly headers?: RequestHeaders } = {},
): Asked {
  if (!isObject(value)) throw new Failure('invalid_request', 'the body must be a JSON object', { code: 'invalid_body' })
  if (!source) checkJson(value)
  validate(operation, value)
  const controls = controlsOf(value)
  const options = readOptions(controls.length > 0 ? value : NOTHING_SAID, headers)
  const left = controls.filter(name => CONTROL_KEYS.has(name) || name === '__proto__')
  const request: Request = {
    operation,
    body: left.length > 0 ? without(left, value) : value,
    streamed: operation !== 'embedding' && value.stream === true,
    ...(source && { source: left.length > 0 ? sourceWithout(left, source) : source }),
  }
  return { pool: String(value.model), request, options }
}

const NONE: readonly string[] = []
const NOTHING_SAID: JsonObject = {}

/** The members that speak to the router, and `mock_*`, which may. */
function controlsOf(body: JsonObject): readonly string[] {
  let found: string[] | undefined
  for (const name in body) {
    if (!CONTROL_KEYS.has(name) && name !== '__proto__' && !name.startsWith('mock_')) continue
    found ??= []
    found.push(name)
  }
  return found ?? NONE
}

/** A `mock_*` that is not known is a parameter like any other, and is not among `names`. */
function without(names: readonly string[], body: JsonObject): JsonObject {
  const kept: Record<string, Json | undefined> = { ...body }
  for (const name of names) delete kept[name]
  return kept
}

/** The client's text without these members, which must not go upstream. */
function sourceWithout(names: readonly string[], { bytes, model, ...rest }: Source): Source {
  const edits = memberEdits(bytes.joined(), new Map(names.map(name => [name, undefined])))
  return { ...rest, bytes: new Pieces(bytes.edited(edits)), model: model && afterEdits(model, edits) }
}
