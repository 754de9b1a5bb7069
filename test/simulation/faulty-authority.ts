import type { Authority } from '../../src/ledger/authority.ts'

/** Something asked of the authority, or an answer of it, that has not arrived yet. */
interface Message {
  readonly from: string
  deliver(): void
}

/** A network between replicas and their authority: messages and answers wait until they are delivered, and some are lost. */
export class Network {
  readonly #random: () => number
  #messages: Message[] = []
  /** Nothing gets through, and senders are told so. */
  isDown = false
  /** Share of messages, and of answers, that are lost. */
  loss = 0
  /** Share of answers that take longer than it took to ask; the others are there at once. */
  delay = 0

  constructor(random: () => number) {
    this.#random = random
  }

  get waiting(): number {
    return this.#messages.length
  }

  /** Delivers one message, chosen by chance: they overtake each other. */
  deliverOne(): void {
    const [message] = this.#messages.splice(Math.floor(this.#random() * this.#messages.length), 1)
    message?.deliver()
  }

  /** The sender died: what it has sent may arrive or not, and it hears of nothing any more. */
  forget(from: string): void {
    this.#messages = this.#messages.filter(message => message.from !== from || this.#random() < 0.5)
  }

  send<Answer>(from: string, work: () => Promise<Answer>, isAlive: () => boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const deliver = () => {
        if (this.isDown || this.#random() < this.loss) return void reject(new Error('the message was lost'))
        const isLost = this.#random() < this.loss
        const isLate = this.#random() < this.delay
        const answered = (settle: () => void) => {
          const arrive = () => isAlive() && settle()
          if (isLate) this.#messages.push({ from, deliver: arrive })
          else arrive()
        }
        work().then(
          answer => answered(() => (isLost ? reject(new Error('the answer was lost')) : resolve(answer))),
          error => answered(() => reject(error)),
        )
      }
      this.#messages.push({ from, deliver })
    })
  }
}

/** The authority as a replica sees it: through the network, and not at all once it is dead. */
export function through(
  network: Network,
  authority: Authority,
  { id, isAlive }: { readonly id: string; readonly isAlive: () => boolean },
): Authority {
  const send = <Answer>(work: () => Promise<Answer>) =>
    isAlive() ? network.send(id, work, isAlive) : new Promise<Answer>(() => {})
  return {
    join: replica => send(() => authority.join(replica)),
    lease: (replica, groups) => send(() => authority.lease(replica, groups)),
    post: (replica, batch) => send(() => authority.post(replica, batch)),
    leases: replica => send(() => authority.leases(replica)),
    pulse: (replica, leaseMs) => send(() => authority.pulse(replica, leaseMs)),
    dead: others => send(() => authority.dead(others)),
    claim: (replica, isCertain) => send(() => authority.claim(replica, isCertain)),
    writeOff: replica => send(() => authority.writeOff(replica)),
    leave: (replica, isClaimed) => send(() => authority.leave(replica, isClaimed)),
    define: terms => send(() => authority.define(terms)),
    budgets: ids => send(() => authority.budgets(ids)),
    close: async () => {},
  }
}
