import type { Usage } from '../../src/core/usage.ts'
import type { CallLine } from '../../src/telemetry/index.ts'
import type { UpstreamRecord } from '../../src/testing/index.ts'

/** Nano-dollars per million tokens. */
export interface OracleRates {
  readonly input: bigint
  readonly output: bigint
  readonly cacheRead?: bigint
}

/**
 * What an upstream would bill for a usage, in nano-dollars: the tests' own arithmetic, which shares nothing with that of
 * tollgate. Tokens times rates, divided once by a million and rounded up once (reliability.md, M12).
 */
export function billed({ input, output, cacheRead }: OracleRates, usage: Usage): bigint {
  const cached = BigInt(usage.cacheReadTokens ?? 0)
  const fresh = BigInt(usage.inputTokens) - cached
  const total = fresh * input + cached * (cacheRead ?? input) + BigInt(usage.outputTokens) * output
  const whole = total / 1_000_000n
  return whole * 1_000_000n === total ? whole : whole + 1n
}

/** The bill of an upstream for everything that it answered and counted. */
export function billOf(log: readonly UpstreamRecord[], ratesOf: (model: string) => OracleRates): bigint {
  return log.reduce((sum, { counted, model }) => sum + (counted ? billed(ratesOf(model), counted) : 0n), 0n)
}

/** What the lines say that all calls cost together. */
export function costOf(lines: readonly CallLine[]): bigint {
  return lines.reduce((sum, line) => sum + BigInt(line.cost_nano_usd ?? -1), 0n)
}

/** The cost of one attempt of a line, back as an integer: its dollars have nine decimals. */
export function nano(usd: number | null): bigint {
  return BigInt(Math.round((usd ?? 0) * 1e9))
}
