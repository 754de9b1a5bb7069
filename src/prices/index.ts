export { createPriceBook, type PriceBook, type PriceBookOptions, type PriceQuery } from './book.ts'
export {
  generatedAnswers,
  type InputTokenBounds,
  inputTokenBounds,
  outputTokensFrom,
  type Received,
  requestedOutputTokens,
} from './bounds.ts'
export { type Charged, chargeOf } from './charge.ts'
export { costOf, costSides, ratesFor } from './cost.ts'
export { type EstimateOptions, type ExpectedTokens, estimate, expectedTokens, priceExpected } from './estimate.ts'
export { isPriced } from './is-priced.ts'
export { type PriceEntry, type PriceOverride, readPriceKeys, statesPrice, type TierOverride } from './litellm-map.ts'
export { mergeRates } from './merge-rates.ts'
export { isEffectivePriceKey, isPriceKey } from './price-keys.ts'
export { countTokens } from './tokenizer.ts'
