import type { Attempt } from '../../core/call.ts'
import type { Deployment } from '../../core/deployment.ts'
import { Failure } from '../../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { remembered } from '../../core/remembered.ts'
import type { Request, Source } from '../../core/request.ts'
import type { Quirks } from '../catalogue.ts'
import { defaultMembers } from '../defaults.ts'
import type { ExchangeBody } from '../protocol.ts'
import { withoutMembers } from './messages.ts'

/** A request body as it goes out. */
export interface OutgoingBody {
  readonly body: ExchangeBody
  /** Usage was asked for on our account: the client must not see the event that brings it. */
  readonly hideUsage: boolean
  /** What was asked for and left out; undefined when nothing was. */
  readonly dropped: readonly string[] | undefined
}

/**
 * Writes the body for an upstream of OpenAI's API. The client's own bytes are kept, with the model's name replaced and
 * missing members put in behind it; only when members must go is the body written anew.
 */
export function outgoingBody(attempt: Attempt, quirks: Quirks): OutgoingBody {
  const { request, deployment } = attempt
  const asked = wantsUsage(request.body)
  const hideUsage = request.streamed && !asked
  const added = additions(attempt, quirks)
  const changes = changesFor(attempt, quirks, added)
  const body =
    (request.source && !changes ? spliced(request.source, request.body, { deployment, added }) : undefined) ??
    rewritten(request.body, { ...added, model: deployment.model }, changes)
  return { body, hideUsage, dropped: changes && droppedBy(changes, attempt) }
}

function wantsUsage(body: JsonObject): boolean {
  return isObject(body.stream_options) && body.stream_options.include_usage === true
}

/** Members that the client's body does not have, or not like this. */
function additions({ request, deployment }: Attempt, quirks: Quirks): JsonObject {
  const added = defaultMembers(request.body, deployment.defaults)
  if (
    request.streamed &&
    request.operation !== 'embedding' &&
    quirks.streamOptions !== false &&
    !wantsUsage(request.body)
  ) {
    const own = request.body.stream_options ?? deployment.defaults.stream_options
    added.stream_options = { ...(isObject(own) ? own : {}), include_usage: true }
  }
  const { messages } = request.body
  if (quirks.unsupportedInMessages && Array.isArray(messages)) {
    const taken = withoutMembers(messages, quirks.unsupportedInMessages)
    if (taken !== messages) added.messages = taken
  }
  return added
}

/**
 * Names that must go (to `undefined`) or be called otherwise; undefined for none.
 * @throws Failure for what the upstream does not take.
 */
function changesFor(
  { request, deployment }: Attempt,
  quirks: Quirks,
  added: JsonObject,
): ReadonlyMap<string, string | undefined> | undefined {
  const changes = new Map<string, string | undefined>()
  const has = (name: string) => request.body[name] !== undefined || added[name] !== undefined
  for (const name of deployment.parameters.drop) if (has(name)) changes.set(name, undefined)
  if (quirks.streamOptions === false && has('stream_options')) changes.set('stream_options', undefined)
  const isNew = has('max_tokens') && isNewLimit(request, deployment, quirks)
  const limit = quirks.maxTokensField ?? (isNew ? 'max_completion_tokens' : undefined)
  if (limit) {
    const other = limit === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
    const isSaid = (request.body[limit] ?? added[limit] ?? null) !== null
    if (has(other) && !changes.has(other)) changes.set(other, isSaid ? undefined : limit)
  }
  for (const name in quirks.rename) if (has(name)) changes.set(name, quirks.rename[name])
  for (const name of quirks.unsupported ?? []) {
    if (!has(name) || deployment.parameters.allow.includes(name) || changes.has(name)) continue
    if (!deployment.parameters.dropUnsupported && request.body[name] !== null) throw unsupported(name, deployment)
    changes.set(name, undefined)
  }
  return changes.size > 0 ? changes : undefined
}

function isNewLimit({ operation }: Request, { model }: Deployment, { newLimitModels }: Quirks): boolean {
  return operation === 'chat' && newLimitModels?.test(model) === true
}

/** What had a value and goes without another name. Usage is reported whether or not `stream_options` asks for it. */
function droppedBy(
  changes: ReadonlyMap<string, string | undefined>,
  { request, deployment }: Attempt,
): readonly string[] | undefined {
  const names: string[] = []
  for (const [name, target] of changes) {
    const value = request.body[name] ?? deployment.defaults[name] ?? null
    if (target === undefined && name !== 'stream_options' && value !== null) names.push(name)
  }
  return names.length > 0 ? names : undefined
}

function unsupported(name: string, { provider, model }: Attempt['deployment']): Failure {
  return new Failure(
    'invalid_request',
    `${provider}/${model} does not take the parameter '${name}'; leave it out, or set drop_params: true`,
    { param: name, code: 'unsupported_parameter' },
  )
}

function membersText(members: JsonObject): string {
  let text = ''
  for (const name in members) {
    if (members[name] !== undefined) text += `,${JSON.stringify(name)}:${JSON.stringify(members[name])}`
  }
  return text
}

/** The name of the model as it stands in JSON. */
const modelBytes: (deployment: Deployment) => Buffer = remembered(({ model }) => Buffer.from(JSON.stringify(model)))

/** A shorter body goes out as one piece, which undici writes together with the head. */
const COPIED_BYTES = 64 << 10

/** The client's bytes with the value of `model` replaced; undefined when they cannot be patched safely. */
function spliced(
  { bytes, model: span, added: unwritten }: Source,
  body: JsonObject,
  { deployment, added }: { readonly deployment: Deployment; readonly added: JsonObject },
): ExchangeBody | undefined {
  for (const name in added) if (body[name] !== undefined) return undefined
  if (!span) return undefined
  const members = membersText(added) + (unwritten ? membersText(unwritten) : '')
  const model = modelBytes(deployment)
  const middle = members === '' ? model : Buffer.concat([model, Buffer.from(members)])
  const pieces = [...bytes.slice(0, span.start), middle, ...bytes.slice(span.end)]
  return bytes.length < COPIED_BYTES ? Buffer.concat(pieces) : pieces
}

const UNCHANGED: ReadonlyMap<string, string | undefined> = new Map()

function rewritten(
  body: JsonObject,
  added: JsonObject,
  changes: ReadonlyMap<string, string | undefined> = UNCHANGED,
): string {
  const out: Record<string, Json | undefined> = { ...body, ...added }
  for (const [name, target] of changes) {
    if (target !== undefined && (out[target] ?? null) === null) out[target] = out[name]
    delete out[name]
  }
  return JSON.stringify(out)
}
