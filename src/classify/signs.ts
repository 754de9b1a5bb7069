import { type Phrase, PhraseTable } from './phrases.ts'
import { MAKING, NUMBERS, phrasesOf, TASK_WORDS, type TaskWords } from './task-words.ts'
import { PERCENT, wordsOf } from './words.ts'

/** What one phrase says about one task. */
export interface Evidence {
  readonly task: string
  readonly kind: keyof TaskWords
}

/** All that one phrase says. */
export interface Sign {
  /** It is a verb of making: an object of it may follow. */
  making: boolean
  /** It is a number in words. */
  number: boolean
  readonly evidence: Evidence[]
}

/** Task to the operator's own words for it. */
export type Keywords = Readonly<Record<string, readonly string[]>>

/** The phrases of the built-in lists and of `keywords`, which replace the lists of the tasks they name. */
export function signTable(keywords: Keywords): { table: PhraseTable<Sign>; symbols: ReadonlySet<number> } {
  const signs = new Map<string, Sign>()
  const symbols = symbolsOf(keywords)
  for (const [task, phrases] of Object.entries(keywords))
    for (const text of phrases) addEvidence(signAt(signs, text.toLowerCase().trim()), { task, kind: 'decisive' })
  for (const [task, lists] of Object.entries(TASK_WORDS))
    if (!Object.hasOwn(keywords, task)) addLists(signs, task, lists)
  for (const text of phrasesOf(MAKING)) signAt(signs, text).making = true
  for (const text of phrasesOf(NUMBERS)) signAt(signs, text).number = true
  return { table: new PhraseTable(phrasesIn(signs), symbols), symbols }
}

function addLists(signs: Map<string, Sign>, task: string, lists: TaskWords): void {
  for (const kind of ['decisive', 'made', 'amount', 'strong', 'hint'] as const)
    for (const text of phrasesOf(lists[kind] ?? '')) addEvidence(signAt(signs, text), { task, kind })
}

/** A phrase stands in several lists of a task: the decisive one wins; one that is made also keeps its strength alone. */
function addEvidence(sign: Sign, evidence: Evidence): void {
  const same = sign.evidence.some(
    other => other.task === evidence.task && !(other.kind === 'made' && evidence.kind === 'strong'),
  )
  if (!same) sign.evidence.push(evidence)
}

function signAt(signs: Map<string, Sign>, text: string): Sign {
  const sign = signs.get(text) ?? { making: false, number: false, evidence: [] }
  signs.set(text, sign)
  return sign
}

function* phrasesIn(signs: ReadonlyMap<string, Sign>): Generator<Phrase<Sign>> {
  for (const [text, value] of signs) yield { text, value }
}

/** The characters of keywords that hold no word at all (`$`, `=>`): only then do they count as words of a text. */
function symbolsOf(keywords: Keywords): ReadonlySet<number> {
  const symbols = new Set(PERCENT)
  for (const phrase of Object.values(keywords).flat()) {
    if (wordsOf(phrase, symbols).length > 0) continue
    for (const character of phrase.trim()) if (character.trim() !== '') symbols.add(character.charCodeAt(0))
  }
  return symbols
}
