import { z } from 'zod'
import { PERIOD_FORMS, parsePeriod } from '../../core/period.ts'

const DECIMAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i

/** A number, or a string that reads as one: YAML writes `1e-6` and quoted numbers as strings. */
function numeric(form: string, holds: (value: number) => boolean) {
  const error = `expected ${form}`
  return z
    .union([z.number({ error }), z.string({ error }).regex(DECIMAL, { error }).transform(Number)], { error })
    .refine(holds, { error })
    .describe(form)
}

export const seconds = numeric('a number of seconds, 0 or more', value => value >= 0)
export const positiveSeconds = numeric('a number of seconds above 0', value => value > 0)
export const milliseconds = numeric('a number of milliseconds above 0', value => value > 0)
export const usd = numeric('an amount of US dollars, 0 or more', value => value >= 0)
/** So that no sum of budgets leaves 64 bits of nano-USD. */
export const budgetUsd = numeric(
  'an amount of US dollars, 0 to 1,000,000,000',
  value => value >= 0 && value <= 1_000_000_000,
)
export const count = numeric('a whole number, 0 or more', value => Number.isSafeInteger(value) && value >= 0)
export const positiveCount = numeric('a whole number above 0', value => Number.isSafeInteger(value) && value > 0)
const WORKERS = 'a whole number from 1 to 256, or auto'

export const workers = z
  .union([z.literal('auto'), numeric(WORKERS, value => Number.isInteger(value) && value >= 1 && value <= 256)], {
    error: `expected ${WORKERS}`,
  })
  .describe(WORKERS)

export const leaseSeconds = numeric('a number of seconds from 2 to 600', value => value >= 2 && value <= 600)
export const positiveAmount = numeric('a number above 0', value => value > 0)
export const amount = numeric('a number, 0 or more', value => value >= 0)
export const share = numeric('a number from 0 to 1', value => value >= 0 && value <= 1)
export const anyNumber = numeric('a number', () => true)

const periodError = { error: `expected ${PERIOD_FORMS}` }

/** How long a budget runs, in the form of `Period`. */
export const period = z
  .string(periodError)
  .refine(word => parsePeriod(word) !== undefined, periodError)
  .transform(word => parsePeriod(word) ?? word)
  .describe('a period: total, hour, day, week, month, 12h, 30d, 1mo, ...')

const durationError = { error: 'expected a count with a unit: 30s, 45m, 12h, 30d, 2w, 1mo' }

/** A span of time as the management API takes it. */
export const duration = z
  .string(durationError)
  .refine(word => /\d/.test(word) && parsePeriod(word) !== undefined, durationError)
  .describe('a count with a unit: 30s, 45m, 12h, 30d, 2w, 1mo')

const flagError = { error: 'expected true or false' }

/** A boolean, or the word for one: references to the environment always give strings. */
export const flag = z
  .union(
    [
      z.boolean(flagError),
      z
        .string(flagError)
        .regex(/^(true|false|yes|no|on|off)$/i, flagError)
        .transform(word => /^(true|yes|on)$/i.test(word)),
    ],
    flagError,
  )
  .describe('true or false')

/** Text; a number is taken as it is written (`api_version: 2024`). */
export const text = z
  .union([z.string({ error: 'expected text' }), z.number({ error: 'expected text' }).transform(String)], {
    error: 'expected text',
  })
  .describe('text')

export const texts = z.array(text, { error: 'expected a list of words' }).describe('a list of words')

/** A list of words; a single word stands for a list of one. */
export const wordOrWords = z
  .union([text.transform(word => [word]), texts], { error: 'expected a word or a list of words' })
  .describe('a word or a list of words')

export const map = z
  .record(z.string(), z.unknown(), { error: 'expected a map of names to values' })
  .describe('a map of names to values')

/** Names to texts. */
export const textMap = z
  .record(z.string(), text, { error: 'expected a map of names to texts' })
  .describe('a map of names to texts')

/** Names to whole numbers. */
export const countMap = z
  .record(z.string(), count, { error: 'expected a map of names to whole numbers' })
  .describe('a map of names to whole numbers')

export const maps = z.array(map, { error: 'expected a list of maps' }).describe('a list of maps')

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  const form = `one of ${words.join(', ')}`
  return z.enum(words, { error: `expected ${form}` }).describe(form)
}

/** Targets of a fallback, as LiteLLM writes them; their inner forms are read where they are compiled. */
export const fallbackLists = z
  .union([maps, map], { error: 'expected a list such as [{pool: [other, another]}]' })
  .describe('a list such as [{pool: [other, another]}]')

/** Provider names to fractions of their price. */
export const shareMap = z
  .record(z.string(), share, { error: 'expected a map of providers to numbers from 0 to 1' })
  .describe('a map of providers to numbers from 0 to 1')

const MARGIN = 'a fraction, or {percentage, fixed_amount}'

/** Provider names to what is added to their price: a fraction, or a fraction and US dollars per answered call. */
export const marginMap = z
  .record(
    z.string(),
    z.union([amount, z.strictObject({ percentage: amount.optional(), fixed_amount: usd.optional() })], {
      error: `expected ${MARGIN}`,
    }),
    { error: `expected a map of providers to ${MARGIN}` },
  )
  .describe(`a map of providers to ${MARGIN}`)

export const anything = z.unknown().describe('anything')

/** Names to amounts and periods; without an amount the spending is counted only. */
export const budgetMap = z
  .record(
    z.string(),
    z.looseObject(
      { max_budget: budgetUsd.nullish(), budget_duration: period.nullish() },
      { error: 'expected {max_budget, budget_duration}' },
    ),
    { error: 'expected a map of names to {max_budget, budget_duration}' },
  )
  .describe('a map of names to {max_budget, budget_duration}')

/** The same of providers, for which LiteLLM has two pairs of names. */
export const providerBudgetMap = z
  .record(
    z.string(),
    z.looseObject(
      {
        budget_limit: budgetUsd.nullish(),
        time_period: period.nullish(),
        max_budget: budgetUsd.nullish(),
        budget_duration: period.nullish(),
      },
      { error: 'expected {budget_limit, time_period}' },
    ),
    { error: 'expected a map of providers to {budget_limit, time_period}' },
  )
  .describe('a map of providers to {budget_limit, time_period}')

const CAPACITY = 'a number from 0 to 1, or {type: percent, rpm or tpm, value}'

/** Names to parts of a capacity. */
export const capacityMap = z
  .record(
    z.string(),
    z.union([share, z.strictObject({ type: oneOf('percent', 'rpm', 'tpm'), value: amount })], {
      error: `expected ${CAPACITY}`,
    }),
    { error: `expected a map of priorities to ${CAPACITY}` },
  )
  .describe(`a map of priorities to ${CAPACITY}`)
