import { isIP } from 'node:net'

/** One address of a network, or all that begin with the same bits. */
export interface AddressRange {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  /** How many bits are the same: 32 or 128 for one address. */
  readonly prefix: number
}

/** From where requests may come. */
export interface AddressRules {
  readonly allowed: readonly AddressRange[]
  /** Where the client is told by the proxies before the gateway (`X-Forwarded-For`). Undefined: whoever connects is the client. */
  readonly forwarded?: {
    /** Whose word is taken, and which of the addresses are no clients. Empty: whoever connects, for the last address. */
    readonly proxies: readonly AddressRange[]
  }
}

/** Reads `10.1.2.3`, `10.0.0.0/8`, `::1` or `2001:db8::/32` (CIDR, RFC 4632); undefined for anything else. */
export function readRange(text: string): AddressRange | undefined {
  const [written = '', bits, ...more] = text.trim().split('/')
  const { address, family } = readAddress(written) ?? {}
  if (!address || !family || more.length > 0) return undefined
  const most = family === 'ipv4' ? 32 : 128
  if (bits === undefined) return { address, family, prefix: most }
  // Of an IPv4 address that is written as an IPv6 one nobody knows whose bits are counted.
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > most || address !== written) return undefined
  return { address, family, prefix: Number(bits) }
}

/** An address, in IPv4 also where a socket of IPv6 tells it (`::ffff:10.1.2.3`); undefined when it is none. */
export function readAddress(text: string): Pick<AddressRange, 'address' | 'family'> | undefined {
  const address = text.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  const version = isIP(address)
  return version === 0 ? undefined : { address, family: version === 4 ? 'ipv4' : 'ipv6' }
}
