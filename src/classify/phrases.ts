import { wordsOf } from './words.ts'

/** One phrase of a list, and what it stands for. */
export interface Phrase<T> {
  readonly text: string
  readonly value: T
}

interface Node<T> {
  next: Map<string, Node<T>> | undefined
  found: Phrase<T> | undefined
}

/** A phrase that stands in a text, and the index of the word after it. */
export interface Found<T> {
  readonly phrase: Phrase<T>
  readonly end: number
}

/**
 * Finds phrases of whole words in a text: a tree of words, so that the cost is one look-up per word however long the
 * lists are. The text is to be split by the same `wordsOf` and the same `symbols` as the phrases.
 */
export class PhraseTable<T> {
  readonly #root = new Map<string, Node<T>>()
  readonly #symbols: ReadonlySet<number> | undefined

  /** Of two equal phrases the first one counts. A phrase without any word is passed over. */
  constructor(phrases: Iterable<Phrase<T>>, symbols?: ReadonlySet<number>) {
    this.#symbols = symbols
    for (const phrase of phrases) this.#add(phrase)
  }

  /** The longest phrase that begins at word `at`. */
  find(words: readonly string[], at: number): Found<T> | undefined {
    let node = this.#root.get(words[at] ?? '')
    let end = at + 1
    let found: Found<T> | undefined
    while (node) {
      if (node.found) found = { phrase: node.found, end }
      node = node.next?.get(words[end] ?? '')
      end++
    }
    return found
  }

  #add(phrase: Phrase<T>): void {
    let level = this.#root
    let node: Node<T> | undefined
    for (const word of wordsOf(phrase.text, this.#symbols)) {
      if (node) {
        node.next ??= new Map()
        level = node.next
      }
      node = level.get(word) ?? { next: undefined, found: undefined }
      level.set(word, node)
    }
    if (node) node.found ??= phrase
  }
}
