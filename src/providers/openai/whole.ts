import type { Attempt } from '../../core/call.ts'
import { deploymentName } from '../../core/deployment.ts'
import { Failure } from '../../core/failure.ts'
import { BytesFrame } from '../../core/frame.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { nestsDeeperThan } from '../../core/json-scan.ts'
import type { Reading } from '../protocol.ts'
import { upstreamFailure } from './failure.ts'
import { pieceOf } from './piece.ts'
import { readUsage } from './usage.ts'

const MAX_DEPTH = 64

/** So few bytes cannot nest deep enough to overflow whoever writes them again; walking them costs 2 µs of a small call's 80. */
const FLAT_ENOUGH_BYTES = 4096

/** OpenAI's types of errors that say which status was meant. */
const STATUS_OF_TYPE: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['permission_error', 403],
  ['rate_limit_error', 429],
])

/** Reads a whole answer of OpenAI's API. @throws Failure when the bytes are none, or hold an error in spite of the status. */
export function readWhole(attempt: Attempt, bytes: Buffer): Reading {
  const body = parse(attempt, bytes)
  if (body.error) throw upstreamFailure(attempt, statusOf(body.error), body)
  const usage = readUsage(body.usage)
  return {
    frame: new BytesFrame(bytes, () => [body]),
    ...(attempt.request.operation === 'embedding' ? readVectors(attempt, body) : readChoices(attempt, body)),
    ...(usage && { usage }),
    ...(typeof body.model === 'string' && { model: body.model }),
    ...(typeof body.id === 'string' && { responseId: body.id }),
  }
}

function readVectors(attempt: Attempt, body: JsonObject): Pick<Reading, 'contentBytes'> {
  if (!Array.isArray(body.data)) throw bad(attempt, 'has no data')
  return {}
}

function readChoices(attempt: Attempt, body: JsonObject): Pick<Reading, 'finishReason' | 'contentBytes'> {
  const choices = Array.isArray(body.choices) ? body.choices : []
  const [first] = choices
  if (!isObject(first)) throw bad(attempt, 'has no choices')
  return {
    contentBytes: choices.reduce((sum: number, choice) => sum + (isObject(choice) ? contentBytes(choice) : 0), 0),
    ...(typeof first.finish_reason === 'string' && { finishReason: first.finish_reason }),
  }
}

function contentBytes(choice: JsonObject): number {
  return pieceOf({ delta: choice.message, text: choice.text }) ?? 0
}

function parse(attempt: Attempt, bytes: Buffer): JsonObject {
  if (bytes.length > FLAT_ENOUGH_BYTES && nestsDeeperThan(bytes, MAX_DEPTH))
    throw bad(attempt, `nests deeper than ${MAX_DEPTH} levels`)
  let body: unknown
  try {
    body = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw bad(attempt, 'is not JSON')
  }
  if (!isObject(body)) throw bad(attempt, 'is not a JSON object')
  return body
}

function bad(attempt: Attempt, what: string): Failure {
  return new Failure('bad_answer', `the answer of ${deploymentName(attempt.deployment)} ${what}`)
}

/** Hosts that answer 200 with an error object often put the true status into its code. */
export function statusOf(error: Json): number {
  if (!isObject(error)) return 500
  const code = Number(error.code ?? error.status)
  if (code >= 400 && code < 600) return code
  return (typeof error.type === 'string' ? STATUS_OF_TYPE.get(error.type) : undefined) ?? 500
}
