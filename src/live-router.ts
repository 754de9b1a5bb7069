import type { RoutingSettings } from './core/settings.ts'
import type { DeploymentHealth } from './pools/deployment-health.ts'
import { type CallRouter, createRouter, type RouterParts } from './router.ts'

/**
 * A router whose settings may change while it runs. Each change makes a new router, which takes the place of the one
 * before: calls that are under way end as they began, the next ones go by the new settings. Connections, what is known
 * of the deployments that stay (by id), and sessions pass from one to the next, so nothing of the old one is left to close.
 */
export class LiveRouter implements CallRouter {
  readonly #parts: RouterParts
  #router: CallRouter

  constructor(settings: RoutingSettings, parts: RouterParts = {}) {
    this.#parts = parts
    this.#router = createRouter(settings, parts)
  }

  /** From now on, calls go by these settings. Those of connections (`connect_timeout`) stay as they were at the start. */
  replace(settings: RoutingSettings): void {
    const before = this.#router
    this.#router = createRouter(settings, { ...this.#parts, before })
    const { nextInMs } = before.prober
    // A change of models is no reason to probe them all at once.
    if (nextInMs !== undefined) this.#router.prober.start(nextInMs)
    void before.prober.stop()
  }

  readonly begin: CallRouter['begin'] = (asked, cancellation) => this.#router.begin(asked, cancellation)

  readonly answer: CallRouter['answer'] = call => this.#router.answer(call)

  readonly explain: CallRouter['explain'] = asked => this.#router.explain(asked)

  fallbacksOf(...asked: Parameters<CallRouter['fallbacksOf']>): readonly string[] {
    return this.#router.fallbacksOf(...asked)
  }

  get pools(): CallRouter['pools'] {
    return this.#router.pools
  }

  get prober(): CallRouter['prober'] {
    return this.#router.prober
  }

  get dialler(): CallRouter['dialler'] {
    return this.#router.dialler
  }

  stopSharing(): void {
    this.#router.stopSharing()
  }

  health(): readonly DeploymentHealth[] {
    return this.#router.health()
  }

  prepare(): void {
    this.#router.prepare()
  }

  close(): Promise<void> {
    return this.#router.close()
  }
}
