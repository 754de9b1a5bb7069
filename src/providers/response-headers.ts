/** Headers of a response, lower case, as undici gives them. */
export type Headers = Record<string, string | string[] | undefined>

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** Whether the body is a stream of server-sent events. */
export function isEventStream(headers: Headers): boolean {
  return first(headers['content-type'])?.toLowerCase().includes('text/event-stream') ?? false
}

/** Whether the body is compressed: it was asked for as it is. */
export function encoded(headers: Headers): boolean {
  const encoding = first(headers['content-encoding'])
  return encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity'
}

/** What clients are shown of the upstream's headers: its limits and its name for the request. */
export function shownHeaders(headers: Headers): Record<string, string> | undefined {
  let shown: Record<string, string> | undefined
  for (const name in headers) {
    if (!name.startsWith('x-ratelimit-') && name !== 'x-request-id' && name !== 'request-id') continue
    const value = first(headers[name])
    if (value === undefined) continue
    shown ??= {}
    shown[name] = value
  }
  return shown
}
