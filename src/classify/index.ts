export type { Classifier, Prompt } from './classifier.ts'
export { COMPLEXITY_TIERS } from './complexity-settings.ts'
export { type ClassifyOptions, classify } from './layer.ts'
export { keywordRules } from './rules.ts'
