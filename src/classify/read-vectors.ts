import type { Answer } from '../core/answer.ts'
import { Failure } from '../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'

/** An embedding of unit length. */
export type Vector = Float64Array

/**
 * Reads the answer to an embedding request with `count` inputs: one vector each, in the order of the inputs. Rejects
 * with `bad_answer` when it holds anything else.
 */
export const readVectors =
  (count: number) =>
  (answer: Answer): Promise<readonly Vector[]> =>
    new Promise((resolve, reject) => {
      let body: JsonObject | undefined
      answer.read({
        frame(frame) {
          try {
            body ??= frame.objects[0]
          } catch (error) {
            reject(bad('is not readable as JSON', error))
          }
          return true
        },
        end({ outcome, failure }) {
          if (outcome !== 'complete') reject(failure ?? new Failure('broken_off', 'the embedding was not complete'))
          else vectorsOf(body, count, { resolve, reject })
        },
      })
    })

interface Settle {
  readonly resolve: (vectors: readonly Vector[]) => void
  readonly reject: (failure: Failure) => void
}

function vectorsOf(body: JsonObject | undefined, count: number, { resolve, reject }: Settle): void {
  const data = Array.isArray(body?.data) ? body.data : []
  const vectors: Vector[] = []
  data.forEach((entry, position) => {
    const vector = isObject(entry) ? numbersOf(entry.embedding) : undefined
    const index = isObject(entry) && typeof entry.index === 'number' ? entry.index : position
    if (vector && index >= 0 && index < count) vectors[index] = vector
  })
  const whole = Array.from({ length: count }, (_, index) => vectors[index]).filter(vector => vector !== undefined)
  if (whole.length === count) resolve(whole)
  else reject(bad(`holds ${whole.length} vectors for ${count} texts`))
}

/** Numbers, or base64 of 32-bit floats, which deployments may be configured to send. */
function numbersOf(value: Json | undefined): Vector | undefined {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'base64')
    return unit(Float64Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readFloatLE(index * 4)))
  }
  if (!Array.isArray(value) || !value.every(item => typeof item === 'number')) return undefined
  return unit(Float64Array.from(value))
}

/** Undefined for a vector without direction. */
function unit(vector: Vector): Vector | undefined {
  const length = Math.hypot(...vector)
  return length > 0 && Number.isFinite(length) ? vector.map(value => value / length) : undefined
}

/** The cosine similarity of two vectors of unit length, -1 to 1. */
export function cosine(one: Vector, other: Vector): number {
  let sum = 0
  for (let at = 0; at < one.length; at++) sum += (one[at] ?? 0) * (other[at] ?? 0)
  return sum
}

function bad(what: string, cause?: unknown): Failure {
  return new Failure('bad_answer', `the answer ${what}`, { cause })
}
