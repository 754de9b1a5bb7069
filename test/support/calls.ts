import type { Attempt, Call } from '../../src/core/call.ts'
import { Cancellation } from '../../src/core/cancellation.ts'
import type { Deployment } from '../../src/core/deployment.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { Pieces } from '../../src/core/pieces.ts'
import type { Request } from '../../src/core/request.ts'
import { readBody, readBytes } from '../../src/dialects/openai.ts'

type CallDraft = Partial<Omit<Call, 'record' | 'request'>> & { readonly request?: Partial<Request> }

/** A call to `pool` with a greeting, begun at the start of a fake clock, with ten minutes to live. */
export function callTo(pool: string, draft: CallDraft = {}): Call {
  const body = { model: pool, messages: [{ role: 'user', content: 'hello' }] }
  return {
    id: 'call',
    pool,
    options: {},
    cancellation: new Cancellation(),
    deadline: 600_000,
    emit: () => {},
    purpose: 'answer',
    ...draft,
    request: { operation: 'chat', body, streamed: false, ...draft.request },
    record: {
      startedAt: 0,
      start: 0,
      requestedPool: pool,
      attempts: [],
      decisions: [],
      fallbacks: 0,
      cost: 0n,
      unpriced: false,
    },
  }
}

/** The next attempt of a call, at a deployment. */
export function attemptAt(deployment: Deployment, call: Call = callTo(deployment.pool)): Attempt {
  const { id, purpose, record } = call
  const number = record.attempts.length + 1
  const attempt = { id: `${id}-${number}`, number, purpose, deployment, decision: undefined, start: 0 }
  record.attempts.push(attempt)
  return { ...call, pool: deployment.pool, cancellation: call.cancellation, deployment, number, attempt }
}

/** A chat request as it comes out of the dialect: with its bytes when it is given as text, without them otherwise. */
export function chat(body: string | JsonObject): Request {
  if (typeof body === 'string') return readBytes('chat', new Pieces([Buffer.from(body)]), {}).request
  return readBody('chat', { model: 'm', messages: [{ role: 'user', content: 'hello' }], ...body }).request
}
