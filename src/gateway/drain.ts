import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { GatewaySettings } from '../config/settings.ts'
import { Failure } from '../core/failure.ts'
import type { Authenticate } from './authenticate.ts'

/**
 * Who may drain the gateway: whoever has the token (`X-Drain-Token`), and where none is set, whoever has the master key.
 * @throws Failure `unknown_route` where draining is not switched on, `unauthorized` without the token.
 */
export const allowDrain =
  (drain: GatewaySettings['drain'], authenticate: Authenticate) =>
  (headers: IncomingHttpHeaders): ReturnType<Authenticate> => {
    if (!drain) throw new Failure('unknown_route', 'set general_settings.enable_drain_endpoint to drain the gateway')
    if (!drain.token) {
      refuseOtherSites(headers)
      return authenticate(headers)
    }
    const sent = headers['x-drain-token']
    if (typeof sent === 'string' && timingSafeEqual(digest(sent), digest(drain.token.reveal()))) return undefined
    throw new Failure('unauthorized', 'the header X-Drain-Token is missing or wrong', { code: 'invalid_drain_token' })
  }

/**
 * Browsers say when a page of another site sends a request (`Sec-Fetch-Site`). On an open gateway such a page could spend
 * money or drain it without ever reading the answer.
 * @throws Failure `forbidden`
 */
export function refuseOtherSites(headers: IncomingHttpHeaders): void {
  if (headers['sec-fetch-site'] === 'cross-site') {
    throw new Failure('forbidden', 'this cannot be asked from the page of another site', { code: 'cross_site' })
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
