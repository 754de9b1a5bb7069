import type { IncomingMessage } from 'node:http'
import { BlockList } from 'node:net'
import { type AddressRange, type AddressRules, readAddress } from '../core/address-range.ts'
import { Failure } from '../core/failure.ts'

type Asking = Pick<IncomingMessage, 'headers'> & { readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'> }

/** Refuses requests from elsewhere. Without rules any address will do. @throws Failure `forbidden` */
export function allowAddresses(rules: AddressRules | undefined): (request: Asking) => void {
  if (!rules) return () => {}
  const allowed = listOf(rules.allowed)
  const clientOf = rules.forwarded ? behindProxies(rules.forwarded.proxies) : peerOf
  return request => {
    const client = clientOf(request)
    if (holds(allowed, client)) return
    const where = client === undefined ? 'an unknown address' : `the address ${client.slice(0, 60)}`
    throw new Failure('forbidden', `${where} may not use the gateway (general_settings.allowed_ips)`, {
      code: 'ip_not_allowed',
    })
  }
}

function peerOf({ socket }: Asking): string | undefined {
  return socket.remoteAddress
}

/**
 * A proxy puts whom it serves at the end, and anybody may send what stands before that: so the last one is the client, or, where
 * the proxies are known, the last that is none of them.
 */
function behindProxies(proxies: readonly AddressRange[]): (request: Asking) => string | undefined {
  const known = listOf(proxies)
  const isTrusted = (address: string | undefined) => proxies.length === 0 || holds(known, address)
  return request => {
    const peer = peerOf(request)
    const header = request.headers['x-forwarded-for']
    if (header === undefined || !isTrusted(peer)) return peer
    // Node joins several of these headers with commas.
    const told = String(header)
      .split(',')
      .map(one => withoutPort(one.trim()))
    return told.findLast(one => proxies.length === 0 || !holds(known, one)) ?? told[0]
  }
}

/** Some proxies write the port as well: `10.1.2.3:4711`, `[::1]:4711`. */
function withoutPort(address: string): string {
  return address.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
}

function listOf(ranges: readonly AddressRange[]): BlockList {
  const list = new BlockList()
  for (const { address, prefix, family } of ranges) list.addSubnet(address, prefix, family)
  return list
}

function holds(list: BlockList, text: string | undefined): boolean {
  const read = text === undefined ? undefined : readAddress(text)
  return read !== undefined && list.check(read.address, read.family)
}
