/**
 * Many may be inside together; who must be alone waits until all are out, and keeps newcomers out meanwhile. What was lent
 * and what came back can only be compared while neither is on its way.
 */
export class Gate {
  #inside = 0
  #alone: Promise<void> | undefined
  #emptied: (() => void) | undefined

  async share<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#alone) await this.#alone
    this.#inside++
    try {
      return await work()
    } finally {
      this.#inside--
      if (this.#inside === 0) this.#emptied?.()
    }
  }

  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#alone) await this.#alone
    let open = () => {}
    this.#alone = new Promise(resolve => {
      open = () => {
        this.#alone = undefined
        resolve()
      }
    })
    try {
      if (this.#inside > 0) await new Promise<void>(resolve => (this.#emptied = resolve))
      return await work()
    } finally {
      this.#emptied = undefined
      open()
    }
  }
}
