import { type AssembleOptions, type Assembly, assemble, warnOnStderr } from '../assemble.ts'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import type { Answer } from '../core/answer.ts'
import { Cancellation } from '../core/cancellation.ts'
import { Failure } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'
import type { Operation } from '../core/request.ts'
import { readBody } from '../dialects/openai.ts'
import { explanationBody } from '../insight/explanation.ts'
import { open } from '../open-assembly.ts'
import type { Callback, Listener } from '../telemetry/index.ts'
import { cancelWith } from './abort.ts'
import { framesOf, objectsOf } from './chunks.ts'
import { routerFetch } from './fetch.ts'
import { functions, inFileShape, type RouterOptions } from './options.ts'
import type {
  ChatAnswer,
  ChatChunk,
  ChatRequest,
  CompletionRequest,
  EmbeddingAnswer,
  EmbeddingRequest,
} from './shapes.ts'

/** What a single call can be given besides its request. */
export interface CallSettings {
  /** Stops the call and its upstream. */
  readonly signal?: AbortSignal
}

/** Who watches a router, and what is otherwise not configuration. */
export interface RouterHooks extends Pick<AssembleOptions, 'tracer' | 'runId' | 'warn' | 'onBudget'> {
  /** Variables for `os.environ/...` and keys. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly listeners?: readonly Listener[]
  readonly onSuccess?: Callback
  readonly onFailure?: Callback
}

/**
 * Routes calls to LLM providers within this process: the same routing, fallbacks and accounting as the gateway, without a
 * server. It opens no connection before the first call, unless `background_health_checks` asks for probes.
 *
 * @example
 * const router = new Router({
 *   model_list: [{ model_name: 'fast', litellm_params: { model: 'openai/gpt-4o-mini' } }],
 *   num_retries: 2,
 * })
 * const answer = await router.completion({ model: 'fast', messages: [{ role: 'user', content: 'Hi' }] })
 */
export class Router {
  readonly #assembly: Assembly
  /** Answers `/v1/chat/completions` and its like in process: `new OpenAI({ fetch: router.fetch })`. */
  readonly fetch: typeof fetch

  /**
   * @param options LiteLLM's settings as an object: a whole configuration file, or `model_list` with router settings beside it.
   * @throws ConfigError when they cannot be used.
   */
  constructor(options: RouterOptions | Assembly, hooks: RouterHooks = {}) {
    this.#assembly = isAssembly(options) ? options : assembled(options, hooks)
    this.#assembly.router.prober.start()
    this.fetch = routerFetch(this.#assembly.router)
  }

  /** A router from a LiteLLM configuration file, with its traces and callbacks. @throws ConfigError when it cannot be used. */
  static async fromConfig(path: string, hooks: RouterHooks = {}): Promise<Router> {
    const { env } = hooks
    const assembly = await open(loadConfig({ path }, { listens: false, ...(env && { env }) }), {
      ...hooks,
      path,
      ...(env && { env }),
      success: functions('onSuccess', hooks.onSuccess),
      failure: functions('onFailure', hooks.onFailure),
    })
    return new Router(assembly)
  }

  /** Answers a chat request: in OpenAI's shape, or as an async iterable of chunks with `stream: true`. @throws Failure */
  completion(
    request: ChatRequest & { readonly stream: true },
    settings?: CallSettings,
  ): Promise<AsyncIterable<ChatChunk>>
  completion(
    request: ChatRequest & { readonly stream?: false | null | undefined },
    settings?: CallSettings,
  ): Promise<ChatAnswer>
  completion(request: ChatRequest, settings?: CallSettings): Promise<ChatAnswer | AsyncIterable<ChatChunk>>
  completion(request: ChatRequest, settings?: CallSettings): Promise<ChatAnswer | AsyncIterable<ChatChunk>> {
    return this.#answer<ChatAnswer, ChatChunk>('chat', request, settings)
  }

  /** Answers a completion request of the older kind. @throws Failure */
  textCompletion(request: CompletionRequest, settings?: CallSettings): Promise<JsonObject | AsyncIterable<JsonObject>> {
    return this.#answer('completion', request, settings)
  }

  /** Answers an embedding request in OpenAI's shape. @throws Failure */
  embedding(request: EmbeddingRequest, settings?: CallSettings): Promise<EmbeddingAnswer> {
    return this.#answer<EmbeddingAnswer, never>('embedding', request, settings) as Promise<EmbeddingAnswer>
  }

  /** Where a chat request would go and why, as `POST /v1/route/explain` tells it. Nothing is dialled. */
  async explain(request: ChatRequest): Promise<JsonObject> {
    return explanationBody(await this.#assembly.router.explain(readBody('chat', request)))
  }

  /** What the configuration's author should know: unknown keys, missing API keys, settings without effect. */
  get findings(): LoadedConfig['findings'] {
    return this.#assembly.config.findings
  }

  /** Names this run in JSON lines and callbacks. */
  get runId(): string {
    return this.#assembly.runId
  }

  /** Writes out what waits: JSON lines, callbacks under way. */
  flush(): Promise<void> {
    return this.#assembly.flush()
  }

  /** Flushes, and ends all connections. */
  close(): Promise<void> {
    return this.#assembly.close()
  }

  async #answer<Whole, Chunk>(
    operation: Operation,
    body: object,
    { signal }: CallSettings = {},
  ): Promise<Whole | AsyncIterable<Chunk>> {
    const { router } = this.#assembly
    const cancellation = new Cancellation()
    const release = cancelWith(cancellation, signal)
    try {
      const call = router.begin(readBody(operation, body), cancellation)
      const answer = await router.answer(call)
      answer.onEnd(release)
      return call.request.streamed ? chunksOf<Chunk>(answer, cancellation) : ((await bodyOf(answer)) as Whole)
    } catch (error) {
      release()
      throw error
    }
  }
}

function isAssembly(options: RouterOptions | Assembly): options is Assembly {
  return 'router' in options && 'config' in options
}

function assembled(options: RouterOptions, hooks: RouterHooks): Assembly {
  const { settings, success, failure } = inFileShape(options)
  const config = loadConfig({ object: settings }, { listens: false, ...(hooks.env && { env: hooks.env }) })
  const { warn = warnOnStderr } = hooks
  for (const [what, instead] of withoutEffect(config, hooks))
    warn(
      `${what} without effect in new Router: use Router.fromConfig, which waits for what must be opened, or ${instead}`,
    )
  return assemble(config, {
    ...hooks,
    success: [...success, ...functions('onSuccess', hooks.onSuccess)],
    failure: [...failure, ...functions('onFailure', hooks.onFailure)],
  })
}

/** What settings ask for that a constructor cannot wait for, and what serves instead. */
function withoutEffect({ settings }: LoadedConfig, { tracer }: RouterHooks): readonly (readonly [string, string])[] {
  const { exporter = 'none' } = settings.telemetry.traces
  const named = Object.values(settings.callbacks).flat()
  return [
    ...(exporter === 'none' || tracer ? [] : [['telemetry.traces is', 'give it a tracer'] as const]),
    ...(named.some(({ kind }) => kind === 'module') ? [['callbacks by name are', 'give it functions'] as const] : []),
  ]
}

/** The chunks of a stream; a whole answer of an upstream that does not stream is one chunk. */
function chunksOf<Chunk>(answer: Answer, cancellation: Cancellation): AsyncIterable<Chunk> {
  return objectsOf(framesOf(answer, cancellation)) as AsyncIterable<unknown> as AsyncIterable<Chunk>
}

/** The one object of a whole answer, which is there already. An iterator over it would take as long as all the rest. */
function bodyOf(answer: Answer): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let body: unknown
    answer.read({
      frame({ objects }) {
        body ??= objects[0]
        return true
      },
      end({ failure }) {
        if (body !== undefined) resolve(body)
        else reject(failure ?? new Failure('bad_answer', 'the answer was empty'))
      },
    })
  })
}
