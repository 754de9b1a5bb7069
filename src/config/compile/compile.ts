import type { Deployment } from '../../core/deployment.ts'
import type { RateCard } from '../../core/price.ts'
import type { PriceBook } from '../../prices/book.ts'
import { splitModel } from '../../providers/model-name.ts'
import { checkMembers } from '../check-keys.ts'
import type { Environment } from '../environment.ts'
import { ConfigError, type Findings } from '../finding.ts'
import { generalHonoured } from '../keys/general.ts'
import { litellmHonoured } from '../keys/litellm.ts'
import { routerHonoured } from '../keys/router.ts'
import { type TollgateValues, tollgateHonoured } from '../keys/tollgate.ts'
import { readValues } from '../read-values.ts'
import type { Settings } from '../settings.ts'
import type { Section, Tree } from '../tree.ts'
import { compileAccess } from './access.ts'
import { compileCallbacks } from './callbacks.ts'
import { type CompileContext, defined } from './context.ts'
import { compileGateway } from './gateway.ts'
import { openInterner } from './interner.ts'
import { type LeftOut, leftOutLines, nobodyLeftLine, type Origins } from './left-out.ts'
import { compileLimits } from './limits.ts'
import { compileMoney } from './money.ts'
import { compilePools } from './pools.ts'
import { compileRedis } from './redis.ts'
import { compileRouting } from './routing.ts'
import { compileStore } from './store.ts'
import { compileTelemetry } from './telemetry.ts'

/** What is compiled, and with what. */
export interface CompileInput {
  /** With references resolved. */
  readonly document: Section
  /** As written. */
  readonly written: Tree
  readonly env: Environment
  readonly findings: Findings
  readonly serves: boolean
  readonly openPrices: (tollgate: TollgateValues) => PriceBook
  readonly readBeside: (path: string) => string
}

/** Settings, and how the deployments came about. */
export interface Compiled extends Origins {
  readonly settings: Settings
  /** What models cost, the operator's own prices included. */
  readonly prices: PriceBook
  /** The price of a model by its own name, `provider/model` or one that everybody knows; undefined when nobody knows it. */
  readonly priceOf: (name: string) => KnownPrice | undefined
  /** Gives a deployment that a wildcard became the price and the limits of its model, where it has none of its own. */
  readonly complete: (deployment: Deployment) => Deployment
}

/** Whose price it is. */
export interface KnownPrice {
  readonly provider: string
  readonly card: RateCard
}

/** Turns a document into settings. What cannot be used is among the findings; the settings hold the rest. */
export function compile({ openPrices, ...input }: CompileInput): Compiled {
  const { document, findings } = input
  const section = document.section('tollgate_settings')
  checkMembers(section?.section('telemetry')?.section('jsonl'), Object.keys(tollgateHonoured.jsonl), findings)
  const tollgate = readValues(section, tollgateHonoured.settings, findings)
  const context: CompileContext = {
    ...input,
    prices: openPrices(tollgate),
    intern: openInterner(),
    router: readValues(document.section('router_settings'), routerHonoured, findings),
    litellm: readValues(document.section('litellm_settings'), litellmHonoured, findings),
    general: readValues(document.section('general_settings'), generalHonoured, findings),
  }
  const pools = compilePools(context)
  const callbacks = compileCallbacks(context)
  const settings: Settings = {
    routing: compileRouting(context, tollgate, pools),
    gateway: compileGateway(context, tollgate, pools),
    telemetry: compileTelemetry(context, callbacks),
    callbacks,
    store: compileStore(context, tollgate),
    money: compileMoney(context, tollgate, pools),
    access: compileAccess(context),
    limits: compileLimits(context, tollgate, pools),
    modelsInStore: context.general.store_model_in_db ?? !/^false$/i.test(input.env.STORE_MODEL_IN_DB ?? ''),
    workers: tollgate.workers ?? 1,
    ...defined({ redis: compileRedis(context) }),
  }
  const { keySources, entries, leftOut } = pools
  const { prices } = context
  return { settings, prices, keySources, entries, leftOut, priceOf: priceFrom(prices), complete: completeFrom(prices) }
}

function priceFrom(prices: PriceBook): Compiled['priceOf'] {
  return name => {
    const split = splitModel(name)
    const card = split && prices.lookup(split)
    return split && card && { provider: split.provider, card }
  }
}

function completeFrom(prices: PriceBook): Compiled['complete'] {
  return deployment => {
    const { provider, model, limits } = deployment
    return {
      ...deployment,
      price: deployment.price ?? prices.lookup({ provider, model }),
      limits: { ...prices.limits({ provider, model }), ...limits },
    }
  }
}

/** The error for a configuration in which no deployment can answer. */
export function nobodyLeft(leftOut: readonly LeftOut[], findings: Findings): ConfigError {
  if (leftOut.length === 0) {
    findings.error({ path: 'model_list' }, 'has no deployment that can be used')
    return ConfigError.of(findings.list)
  }
  const lines = leftOutLines(leftOut, { keys: false }).map(line => `\n  ${line}`)
  return new ConfigError(`${nobodyLeftLine(leftOut)}${lines.join('')}`, findings.list)
}
