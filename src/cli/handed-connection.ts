import type { Worker } from 'node:cluster'

/**
 * Closes the connection that a worker had just been handed when it died. The main process accepts connections and hands
 * them over one by one, the next one when the worker has said that it has the last (node:cluster, round robin); of a worker
 * that dies in between Node waits for that word for ever, and so does the client (seen with Node 20). Whoever is
 * closed tries again.
 */
export function closeHandedConnection(worker: Worker): void {
  const { process: child } = worker
  const send = child.send.bind(child) as (...all: readonly unknown[]) => boolean
  let handed: Closable | undefined
  const remember = (...all: readonly unknown[]) => {
    if (isClosable(all[1])) handed = all[1]
    return send(...all)
  }
  Object.assign(child, { send: remember })
  child.once('exit', code => {
    // One that has stopped in good order has passed back what it could not take. A second close does nothing.
    if (code !== 0) handed?.close()
  })
}

interface Closable {
  close(): void
}

function isClosable(value: unknown): value is Closable {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function'
}
