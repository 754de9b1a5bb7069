import type { Outcome } from './call.ts'
import type { Deployment } from './deployment.ts'
import type { Failure } from './failure.ts'
import type { Frame } from './frame.ts'
import type { ServiceTier } from './price.ts'
import type { Usage } from './usage.ts'

/** How an answer ended, told once to everyone who asked. */
export interface End {
  readonly outcome: Outcome
  /** Why, when it failed or was abandoned. */
  readonly failure?: Failure
  /** What the upstream reported. */
  readonly usage?: Usage
}

/** Where the frames of an answer go. */
export interface Reader {
  /** The next piece. Give back false to be spared further ones until `answer.resume()`. */
  frame(frame: Frame): boolean
  /** Told once, after the last frame. */
  end(end: End): void
}

/** What an answer asks of the connection it comes from. */
export interface Source {
  pause(): void
  resume(): void
  /** Stop sending; the answer has been told already. */
  abort(reason: Failure): void
}

/**
 * Frames, and who gave them. Frames are pushed by the provider and held until somebody reads; an answer that is not
 * streamed is a single frame that is there from the start. A push costs no promise, no closure and no timer; a layer
 * that wants to know how an answer ends registers with `onEnd` and adds nothing to the cost of a frame.
 */
export class Answer {
  readonly deployment: Deployment
  /** Whether the frames are server-sent events. */
  readonly streamed: boolean
  /** Told by the provider as it learns it. */
  usage: Usage | undefined
  /** What the provider says it serves the request by, for an estimate when usage never comes. */
  serviceTier: ServiceTier | undefined
  model: string | undefined
  responseId: string | undefined
  finishReason: string | undefined
  /** Bytes of content received, for an estimate when usage never comes. */
  contentBytes = 0
  /** Events with content received, likewise. */
  contentEvents = 0
  /** Response headers of the upstream that clients are shown (rate limits, request id), lower case. */
  upstreamHeaders: Readonly<Record<string, string>> | undefined
  /** Changes the frames on their way to the reader. Set before anybody reads. */
  rewrite: ((frame: Frame) => Frame) | undefined
  /** Frames pushed so far: whoever watches for silence compares it now and then. */
  pushed = 0

  readonly #source: Source
  #watcher: ((frame: Frame) => void) | undefined
  #queue: Frame[] = []
  #reader: Reader | undefined
  #paused = false
  #end: End | undefined
  #delivered = false
  #endListeners: ((end: End) => void)[] = []
  #committed = false
  #commitment: Promise<void> | undefined
  #settleCommitment: ((failure: Failure | undefined) => void) | undefined

  constructor(deployment: Deployment, streamed: boolean, source: Source) {
    this.deployment = deployment
    this.streamed = streamed
    this.#source = source
  }

  // ── the provider's side ──

  /** Hands on a frame. `content` says whether it holds any of the answer itself, as opposed to a prelude. */
  push(frame: Frame, content: boolean): void {
    if (this.#end) return
    this.pushed++
    if (content && !this.#committed) this.#commit()
    this.#watcher?.(frame)
    // Behind what still waits: a reader may ask for more while the queue is being emptied.
    if (!this.#reader || this.#paused || this.#queue.length > 0) {
      this.#queue.push(frame)
      return
    }
    if (!this.#reader.frame(frame)) this.#pause()
  }

  /** The upstream has said everything. */
  complete(): void {
    this.#finish({ outcome: 'complete', ...(this.usage && { usage: this.usage }) })
  }

  /** The upstream broke off. */
  fail(failure: Failure): void {
    this.#finish({ outcome: 'failed', failure, ...(this.usage && { usage: this.usage }) })
  }

  // ── the reader's side ──

  /** Starts the frames. There is one reader; what came before it is delivered first. */
  read(reader: Reader): void {
    const { rewrite } = this
    this.#reader = rewrite ? { frame: frame => reader.frame(rewrite(frame)), end: end => reader.end(end) } : reader
    this.#drain()
  }

  /** Asks for frames again after `frame` gave back false. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#drain()
    if (!this.#paused && !this.#end) this.#source.resume()
  }

  /** True while a slow reader holds the upstream back. */
  get paused(): boolean {
    return this.#paused
  }

  /** The reader leaves: the upstream is told to stop, and everyone that the answer was abandoned. What waits is dropped. */
  abandon(reason: Failure): void {
    if (this.#end) return
    this.#queue = []
    this.#paused = false
    this.#finish({ outcome: 'abandoned', failure: reason, ...(this.usage && { usage: this.usage }) })
    this.#source.abort(reason)
  }

  /** Ends it as failed on our own account (a timeout), and tells the upstream to stop. */
  breakOff(failure: Failure): void {
    if (this.#end) return
    this.fail(failure)
    this.#source.abort(failure)
  }

  // ── those who follow it ──

  /** Tells one listener of every frame when it comes, and of those that wait already. Set before anybody reads. */
  watch(listener: (frame: Frame) => void): void {
    for (const frame of this.#queue) listener(frame)
    this.#watcher = listener
  }

  /** Calls `listener` once with the end, at once if it has ended. */
  onEnd(listener: (end: End) => void): void {
    if (this.#end) listener(this.#end)
    else this.#endListeners.push(listener)
  }

  /** Settles at the first content, or when the answer ends well without any; rejects when it fails before. */
  committed(): Promise<void> {
    if (this.#committed) return Promise.resolve()
    if (this.#end) return this.#end.failure ? Promise.reject(this.#end.failure) : Promise.resolve()
    this.#commitment ??= new Promise((resolve, reject) => {
      this.#settleCommitment = failure => (failure ? reject(failure) : resolve())
    })
    return this.#commitment
  }

  /** Whether content has come. Never true of an answer that failed before. */
  get isCommitted(): boolean {
    return this.#committed
  }

  get ended(): End | undefined {
    return this.#end
  }

  #commit(): void {
    this.#committed = true
    this.#settleCommitment?.(undefined)
  }

  #pause(): void {
    this.#paused = true
    if (!this.#end) this.#source.pause()
  }

  #finish(end: End): void {
    if (this.#end) return
    this.#end = end
    const listeners = this.#endListeners
    this.#endListeners = []
    try {
      for (const listener of listeners) listener(end)
    } finally {
      // Whoever waits must not wait for ever because a listener has a fault.
      this.#settleCommitment?.(end.failure)
      this.#deliverEnd()
    }
  }

  #drain(): void {
    const reader = this.#reader
    if (!reader) return
    while (!this.#paused) {
      const frame = this.#queue.shift()
      if (!frame) break
      if (!reader.frame(frame)) this.#pause()
    }
    this.#deliverEnd()
  }

  #deliverEnd(): void {
    if (!this.#end || this.#delivered || !this.#reader || this.#queue.length > 0 || this.#paused) return
    this.#delivered = true
    this.#reader.end(this.#end)
  }
}

/** An answer that is there as a whole. */
export function wholeAnswer(
  deployment: Deployment,
  frame: Frame,
  about: Partial<
    Pick<Answer, 'usage' | 'model' | 'responseId' | 'finishReason' | 'upstreamHeaders'> & {
      readonly contentBytes: number | undefined
    }
  > = {},
): Answer {
  const answer = new Answer(deployment, false, NO_SOURCE)
  answer.usage = about.usage
  answer.model = about.model
  answer.responseId = about.responseId
  answer.finishReason = about.finishReason
  answer.upstreamHeaders = about.upstreamHeaders
  answer.contentBytes = about.contentBytes ?? 0
  answer.push(frame, true)
  answer.complete()
  return answer
}

const NO_SOURCE: Source = { pause() {}, resume() {}, abort() {} }
