import type { Attempt } from '../../core/call.ts'
import { deploymentName } from '../../core/deployment.ts'
import { Failure } from '../../core/failure.ts'
import { BytesFrame } from '../../core/frame.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { nestsDeeperThan } from '../../core/json-scan.ts'
import type { Reading } from '../protocol.ts'
import { upstreamFailure } from './failure.ts'
import { readUsage } from './usage.ts'

const MAX_DEPTH = 64

/** Reads a whole answer of OpenAI's API. @throws Failure when the bytes are none, or hold an error in spite of the status. */
export function readWhole(attempt: Attempt, bytes: Buffer): Reading {
  const body = parse(attempt, bytes)
  if (body.error) throw upstreamFailure(attempt, statusOf(body.error), body)
  const usage = readUsage(body.usage)
  const about = {
    frame: new BytesFrame(bytes, () => [body]),
    ...(usage && { usage }),
    ...(typeof body.model === 'string' && { model: body.model }),
    ...(typeof body.id === 'string' && { responseId: body.id }),
  }
  if (attempt.request.operation === 'embedding') return about
  return { ...about, ...readChoices(attempt, body) }
}

function readChoices(attempt: Attempt, body: JsonObject): Pick<Reading, 'finishReason' | 'contentBytes'> {
  const choices = body.choices
  const first = Array.isArray(choices) ? choices[0] : undefined
  if (!isObject(first)) throw bad(attempt, 'has no choices')
  return {
    contentBytes: contentBytes(first),
    ...(typeof first.finish_reason === 'string' && { finishReason: first.finish_reason }),
  }
}

function contentBytes(choice: JsonObject): number {
  const text = isObject(choice.message) ? choice.message.content : choice.text
  return typeof text === 'string' ? Buffer.byteLength(text) : 0
}

function parse(attempt: Attempt, bytes: Buffer): JsonObject {
  if (nestsDeeperThan(bytes, MAX_DEPTH)) throw bad(attempt, `nests deeper than ${MAX_DEPTH} levels`)
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
  const code = isObject(error) ? Number(error.code ?? error.status) : Number.NaN
  return code >= 400 && code < 600 ? code : 500
}
