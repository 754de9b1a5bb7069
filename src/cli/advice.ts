import { InvalidArgumentError } from 'commander'

/** What to do when an address cannot be listened on. */
export function listenAdvice(error: unknown, { host, port }: { readonly host: string; readonly port: number }): string {
  const code = codeOf(error)
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is in use: stop what runs there or choose another --port`
  if (code === 'EACCES') return `port ${port} may not be opened: choose a --port from 1024`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${host} is no address of this machine: correct --host`
  return `${host}:${port} cannot be listened on: ${error instanceof Error ? error.message : String(error)}`
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** Reads `--port`. */
export function portNumber(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port < 65_536) return port
  throw new InvalidArgumentError('Give a whole number from 0 to 65535.')
}
