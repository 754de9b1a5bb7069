import { type AddressRange, readRange } from '../../core/address-range.ts'
import type { GatewaySettings } from '../settings.ts'
import type { CompileContext } from './context.ts'

/** From where requests may come. What is written and cannot be read is an error: half a wall protects nothing. */
export function compileAddresses(context: CompileContext): GatewaySettings['allowedAddresses'] {
  const { general, document, findings } = context
  const subject = (key: string) =>
    document.section('general_settings')?.subject(key) ?? { path: `general_settings.${key}` }
  const proxies = readRanges('mcp_trusted_proxy_ranges', context)
  const allowed = readRanges('allowed_ips', context)
  if (general.allowed_ips === undefined) {
    if (general.use_x_forwarded_for)
      findings.note(subject('use_x_forwarded_for'), 'has an effect with allowed_ips only')
    return undefined
  }
  if (general.allowed_ips.length === 0) findings.error(subject('allowed_ips'), 'is empty, so nobody could call')
  if (!general.use_x_forwarded_for) return { allowed }
  if (proxies.length === 0) {
    const advice = 'set mcp_trusted_proxy_ranges, or see to it that nobody but the proxy reaches the gateway'
    findings.report(subject('use_x_forwarded_for'), `whoever connects may say which address it has: ${advice}`)
  }
  return { allowed, forwarded: { proxies } }
}

function readRanges(
  key: 'allowed_ips' | 'mcp_trusted_proxy_ranges',
  { general, document, findings }: CompileContext,
): readonly AddressRange[] {
  const list = document.section('general_settings')?.subject(key) ?? { path: `general_settings.${key}` }
  return (general[key] ?? []).flatMap((text, index) => {
    const range = readRange(text)
    const subject = { ...list, path: `${list.path}[${index}]` }
    if (!range) findings.error(subject, 'expected an address or a range, such as 10.1.2.3 or 10.0.0.0/8')
    return range ?? []
  })
}
