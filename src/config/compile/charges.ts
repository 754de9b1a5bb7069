import type { ChargeSettings, Margin, Share } from '../../core/charge.ts'
import { decimalToInteger, usdToNano } from '../../core/money.ts'
import { findHost, hosts, isProvider } from '../../providers/catalogue.ts'
import type { LitellmValues } from '../keys/litellm.ts'
import { nearest } from '../near-miss.ts'
import type { CompileContext } from './context.ts'

type MarginValue = NonNullable<LitellmValues['cost_margin_config']>[string]

const NO_MARGIN: Margin = { share: 0n, fixed: 0n }

/** Discounts and margins by provider; undefined when none is configured, so that nothing is reckoned for nobody. */
export function compileCharges(context: CompileContext): ChargeSettings | undefined {
  const { cost_discount_config: discounts = {}, cost_margin_config: margins = {} } = context.litellm
  const { global: other, ...own } = margins
  if (Object.keys(discounts).length + Object.keys(margins).length === 0) return undefined
  return {
    discounts: byProvider(discounts, 'cost_discount_config', shareOf, context),
    margins: byProvider(own, 'cost_margin_config', marginOf, context),
    otherMargin: other === undefined ? NO_MARGIN : marginOf(other),
  }
}

/** By tollgate's name of each provider. One that is not known is kept under its own, and said. */
function byProvider<Value, Compiled>(
  values: Readonly<Record<string, Value>>,
  key: 'cost_discount_config' | 'cost_margin_config',
  compile: (value: Value) => Compiled,
  { document, findings }: CompileContext,
): Record<string, Compiled> {
  const section = document.section('litellm_settings')
  const entries = Object.entries(values).map(([name, value]) => {
    const host = findHost(name)
    if (!isProvider(name)) {
      const suggestion = nearest(name, ['global', ...hosts.map(one => one.name)])
      const subject = section?.deepSubject([key, name]) ?? { path: `litellm_settings.${key}.${name}` }
      findings.report(subject, 'is no provider that is known', suggestion === undefined ? {} : { suggestion })
    }
    return [host?.name ?? name, compile(value)] as const
  })
  return Object.fromEntries(entries)
}

function marginOf(value: MarginValue): Margin {
  if (typeof value === 'number') return { share: shareOf(value), fixed: 0n }
  return { share: shareOf(value.percentage ?? 0), fixed: usdToNano(value.fixed_amount ?? 0) }
}

function shareOf(fraction: number): Share {
  return decimalToInteger(fraction, 9)
}
