export { type AskOptions, askClassifier } from './ask-classifier.ts'
export type { Classifier, Prompt } from './classifier.ts'
export { type Complexity, complexityClassifier, complexityScorer, poolOfTier } from './complexity.ts'
export {
  COMPLEXITY_TIERS,
  type ComplexitySettings,
  type ComplexityTier,
  type Dimension,
  type KeywordTierRule,
} from './complexity-settings.ts'
export { type ClassifyOptions, classify } from './layer.ts'
export { askForTask, DEFAULT_TASK, readTask, type TaskQuestion } from './llm.ts'
export { clip, DEFAULT_REMINDERS, promptText, type ReminderMarkers, systemText } from './prompt-text.ts'
export { readText } from './read-text.ts'
export { keywordRules } from './rules.ts'
export type { Keywords } from './signs.ts'
