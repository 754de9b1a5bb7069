import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'

export interface RawRequest {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders | readonly string[]
  readonly body?: string | Uint8Array
}

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
}

/** The body of an error, as clients read it. */
export interface ErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string
    readonly provider_specific_fields?: { readonly attempts: readonly { readonly error?: string }[] }
  }
}

/** One HTTP request on a connection of its own, down to the bytes. */
export async function raw(url: string, options: RawRequest = {}): Promise<RawAnswer> {
  const response = await open(url, options)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  return { status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString('utf8') }
}

/** The same up to the head of the answer: whoever reads on decides how. */
export function open(
  url: string,
  { method = 'POST', headers = JSON_HEADERS, body }: RawRequest = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: headers as OutgoingHttpHeaders, agent: false })
    request.once('response', resolve)
    request.once('error', reject)
    request.end(body)
  })
}

export const JSON_HEADERS: OutgoingHttpHeaders = { 'content-type': 'application/json' }

/** Sends a value as JSON. */
export function post(url: string, value: unknown, headers: OutgoingHttpHeaders = {}): Promise<RawAnswer> {
  return raw(url, { headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(value) })
}

export function errorOf(answer: RawAnswer): ErrorBody['error'] {
  return (JSON.parse(answer.text) as ErrorBody).error
}

/** A chat request with one user message. */
export function chat(model: string, content: string, more: object = {}): object {
  return { model, messages: [{ role: 'user', content }], ...more }
}
