/** What is wrong with the writing of lines, and when it no longer is. */
export type JsonLinesProblem =
  | { readonly type: 'failing'; readonly path: string; readonly error: unknown }
  | { readonly type: 'dropping'; readonly path: string }
  | { readonly type: 'unwritable'; readonly path: string; readonly error: unknown }
  | { readonly type: 'recovered'; readonly path: string; readonly dropped: number }

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
