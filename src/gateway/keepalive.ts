import type { CallOptions } from '../core/call.ts'
import type { Ms } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'

export interface KeepaliveSettings {
  /** Silence in a stream after which a comment is sent. Undefined: never. */
  readonly keepaliveMs?: Ms | undefined
  /** Whether clients may choose it (`x-litellm-keepalive-seconds`), where the deployment does not say. Default false. */
  readonly clientKeepalive?: boolean | undefined
}

/** Silence after which a stream from this deployment is sent a comment; undefined for never. Its own 0 is final. */
export function keepaliveOf(
  { timeouts }: Pick<Deployment, 'timeouts'>,
  asked: Pick<CallOptions, 'keepaliveMs'>,
  { keepaliveMs, clientKeepalive }: KeepaliveSettings,
): Ms | undefined {
  if (timeouts.keepaliveMs === 0) return undefined
  const mayAsk = timeouts.clientKeepalive ?? clientKeepalive ?? false
  return (mayAsk ? asked.keepaliveMs : undefined) ?? timeouts.keepaliveMs ?? keepaliveMs
}
