import { Failure } from '../core/failure.ts'

/** Names of this machine. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/**
 * Refuses requests that were sent to another name (`Host`) than those allowed; none named: any will do. It keeps web pages
 * out whose own name was made to point at this machine (DNS rebinding).
 */
export function allowHosts(allowed: readonly string[]): (host: string | undefined) => void {
  const names = new Set(allowed.map(name => name.toLowerCase()))
  return host => {
    if (names.size === 0 || (host !== undefined && names.has(withoutPort(host).toLowerCase()))) return
    throw new Failure('forbidden', 'the gateway is not served under this host name (tollgate_settings.allowed_hosts)', {
      code: 'host_not_allowed',
    })
  }
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '')
}
