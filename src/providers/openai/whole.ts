import { isAscii } from 'node:buffer'
import type { Attempt } from '../../core/call.ts'
import { deploymentName } from '../../core/deployment.ts'
import { Failure } from '../../core/failure.ts'
import { BytesFrame } from '../../core/frame.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { nestsDeeperThan } from '../../core/json-scan.ts'
import type { Usage } from '../../core/usage.ts'
import type { Reading } from '../protocol.ts'
import { upstreamFailure } from './failure.ts'
import { pieceOf } from './piece.ts'
import { readServiceTier, readUsage } from './usage.ts'

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
  const isVector = attempt.request.operation === 'embedding'
  if (isVector && !Array.isArray(body.data)) throw bad(attempt, 'has no data')
  const choices = isVector ? NONE : choicesOf(attempt, body)
  const usage = readUsage(body.usage, attempt.request.operation, readServiceTier(body))
  for (const choice of choices) if (isObject(choice) && isObject(choice.error)) throw failed(attempt, choice, usage)
  return {
    frame: new BytesFrame(bytes, () => [body]),
    usage,
    model: textOf(body.model),
    responseId: textOf(body.id),
    finishReason: isObject(choices[0]) ? textOf(choices[0].finish_reason) : undefined,
    contentBytes: isVector ? undefined : contentBytesOf(choices),
  }
}

/** OpenRouter says with its choice what befell it (https://openrouter.ai/docs/api/reference/overview); it has been billed. */
function failed(attempt: Attempt, choice: JsonObject, usage: Usage | undefined): Failure {
  const { kind, message, code, param, upstreamStatus } = upstreamFailure(
    attempt,
    statusOf(choice.error ?? null),
    choice,
  )
  return new Failure(kind, message, { code, param, upstreamStatus, usage })
}

const NONE: readonly Json[] = []

function choicesOf(attempt: Attempt, { choices }: JsonObject): readonly Json[] {
  if (!Array.isArray(choices) || !isObject(choices[0])) throw bad(attempt, 'has no choices')
  return choices
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function contentBytesOf(choices: readonly Json[]): number {
  let bytes = 0
  for (const choice of choices) {
    if (isObject(choice)) bytes += pieceOf({ delta: choice.message, text: choice.text }) ?? 0
  }
  return bytes
}

function parse(attempt: Attempt, bytes: Buffer): JsonObject {
  if (bytes.length > FLAT_ENOUGH_BYTES && nestsDeeperThan(bytes, MAX_DEPTH))
    throw bad(attempt, `nests deeper than ${MAX_DEPTH} levels`)
  let body: unknown
  try {
    body = JSON.parse(bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8'))
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
