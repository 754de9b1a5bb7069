import { messageOf } from '../core/message-of.ts'

/** What is wrong with the writing of lines, and when it no longer is. */
export type JsonLinesProblem =
  | { readonly type: 'failing'; readonly path: string; readonly error: unknown }
  | { readonly type: 'dropping'; readonly path: string }
  | { readonly type: 'unwritable'; readonly path: string; readonly error: unknown }
  | { readonly type: 'recovered'; readonly path: string; readonly dropped: number }
  | { readonly type: 'lost'; readonly path: string; readonly lines: number }

/** The problem for people: what is wrong, why, and what becomes of the lines. */
export function problemText(problem: JsonLinesProblem): string {
  return `JSON lines to ${problem.path}: ${whatIsWrong(problem)}`
}

function whatIsWrong(problem: JsonLinesProblem): string {
  switch (problem.type) {
    case 'failing':
      return `failing: ${messageOf(problem.error)}; lines wait and are tried again every second`
    case 'dropping':
      return 'too many wait, further ones are dropped'
    case 'unwritable':
      return `one cannot be written as JSON: ${messageOf(problem.error)}`
    case 'recovered':
      return `written again; ${problem.dropped} were dropped since the file was opened`
    case 'lost':
      return `${problem.lines} could not be written to the end, and are lost`
  }
}

/** Tells of trouble with a disk once per episode: a report about each lost line would help nobody. */
export class LineTrouble {
  readonly #path: string
  readonly #report: (problem: JsonLinesProblem) => void
  #now: 'none' | 'failing' | 'dropping' = 'none'

  constructor(path: string, report: (problem: JsonLinesProblem) => void) {
    this.#path = path
    this.#report = report
  }

  get isThere(): boolean {
    return this.#now !== 'none'
  }

  failing(error: unknown): void {
    if (this.#now !== 'none') return
    this.#now = 'failing'
    this.#tell({ type: 'failing', path: this.#path, error })
  }

  dropping(): void {
    if (this.#now === 'dropping') return
    this.#now = 'dropping'
    this.#tell({ type: 'dropping', path: this.#path })
  }

  unwritable(error: unknown): void {
    this.#tell({ type: 'unwritable', path: this.#path, error })
  }

  /** The end has come, and so many wait. */
  lost(lines: number): void {
    if (lines > 0) this.#tell({ type: 'lost', path: this.#path, lines })
  }

  /** Everything was written; `dropped` lines were lost since the file was opened. */
  over(dropped: number): void {
    if (this.#now === 'none') return
    this.#now = 'none'
    this.#tell({ type: 'recovered', path: this.#path, dropped })
  }

  #tell(problem: JsonLinesProblem): void {
    try {
      this.#report(problem)
    } catch {
      // Nobody is left to be told.
    }
  }
}
