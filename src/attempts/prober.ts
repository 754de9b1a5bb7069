import { Cancellation } from '../core/cancellation.ts'
import type { Clock, Ms, Timer } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { ProbeSettings } from '../core/settings.ts'

export interface ProberParts {
  readonly settings: ProbeSettings
  /** In file order. */
  readonly deployments: readonly Deployment[]
  /** Whether a deployment may be asked now. */
  readonly mayAsk: (deployment: Deployment) => boolean
  /** Sends one probe; settles when it has ended, however it did. */
  readonly send: (deployment: Deployment, cancellation: Cancellation) => Promise<void>
  readonly clock: Clock
}

/**
 * Asks deployments whether they are well: all of them again and again, once it is started, and single ones on demand. A
 * deployment is never asked twice at a time. Whoever made it stops it; until then it keeps no process alive by itself.
 */
export class Prober {
  readonly #parts: ProberParts
  readonly #underWay = new Map<string, Promise<void>>()
  readonly #cancellation = new Cancellation()
  #state: 'new' | 'running' | 'stopped' = 'new'
  #timer: Timer | undefined
  #dueAt: Ms = 0

  constructor(parts: ProberParts) {
    this.#parts = parts
  }

  /** Begins the rounds, the first after `afterMs` (default: at once), where `background` is set. A second start changes nothing. */
  start(afterMs: Ms = 0): void {
    if (!this.#parts.settings.background || this.#state !== 'new') return
    this.#state = 'running'
    if (afterMs > 0) this.#wait(afterMs)
    else void this.#round()
  }

  /** When the next round begins: 0 while one is under way, undefined when there will be none. */
  get nextInMs(): Ms | undefined {
    if (this.#state !== 'running') return undefined
    return Math.max(0, this.#dueAt - this.#parts.clock.monotonic())
  }

  /** Probes those that are meant, on demand; settles when all have answered or failed. */
  async ask(isMeant: (deployment: Deployment) => boolean): Promise<void> {
    const { settings, deployments } = this.#parts
    await this.#all(deployments.filter(one => isMeant(one) && !(settings.skipsDisabled && one.probe?.disabled)))
  }

  /** Ends the rounds and breaks off probes under way; settles when none is left. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#timer?.cancel()
    this.#cancellation.cancel(new Failure('cancelled', 'probing has been stopped'))
    await Promise.all(this.#underWay.values())
  }

  async #round(): Promise<void> {
    const { settings, deployments } = this.#parts
    const { pools, intervalMs } = settings
    await this.#all(deployments.filter(one => !one.probe?.disabled && (pools?.includes(one.pool) ?? true)))
    if (this.#state === 'running') this.#wait(intervalMs)
  }

  #wait(ms: Ms): void {
    const { clock } = this.#parts
    this.#dueAt = clock.monotonic() + ms
    this.#timer = clock.after(ms, () => void this.#round())
    this.#timer.unref?.()
  }

  /** So many at a time. */
  async #all(deployments: readonly Deployment[]): Promise<void> {
    const waiting = deployments.values()
    const worker = async () => {
      for (const deployment of waiting) await this.#one(deployment)
    }
    await Promise.all(Array.from({ length: Math.min(this.#parts.settings.concurrency, deployments.length) }, worker))
  }

  async #one(deployment: Deployment): Promise<void> {
    const { mayAsk, send } = this.#parts
    const known = this.#underWay.get(deployment.id)
    if (known) return known
    if (this.#state === 'stopped' || !mayAsk(deployment)) return
    const sent = send(deployment, this.#cancellation).finally(() => this.#underWay.delete(deployment.id))
    this.#underWay.set(deployment.id, sent)
    await sent
  }
}
