import type { RouteKind } from '../access/may-call.ts'
import type { Role } from '../core/caller.ts'
import { isModelPath, MODEL_ROUTES } from '../dialects/model-path.ts'

/** What a route needs of its caller: nothing, a key, or the token for draining. */
export type Access = 'public' | 'key' | 'drain'

/** Routes that are served without the framework (call-server.ts). */
export type CallName = 'chat' | 'completion' | 'embedding'

export type RouteName =
  | CallName
  | 'models'
  | 'model'
  | 'explain'
  | 'health'
  | 'liveliness'
  | 'readiness'
  | 'latest'
  | 'drain'
  | 'home'

export function isCall(name: RouteName): name is CallName {
  return name === 'chat' || name === 'completion' || name === 'embedding'
}

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly name: RouteName
  readonly access: Access
  /** Which lists of `allowed_routes` hold it. Default: `llm_api_routes`. */
  readonly kind?: RouteKind
  /** Whose keys may call it. Undefined: any key. */
  readonly roles?: readonly Role[]
}

const ADMINS: readonly Role[] = ['proxy_admin', 'proxy_admin_viewer']

/** Every route there is. They are registered from this table, so a route without a row cannot exist. */
export const ROUTES: readonly Route[] = [
  ...both('POST', '/chat/completions', 'chat'),
  ...both('POST', '/completions', 'completion'),
  ...both('POST', '/embeddings', 'embedding'),
  ...MODEL_ROUTES.map(
    ({ route, operation }): Route => ({ method: 'POST', path: route, name: operation, access: 'key' }),
  ),
  ...both('GET', '/models', 'models'),
  // Model names hold slashes.
  ...both('GET', '/models/*', 'model'),
  ...both('POST', '/route/explain', 'explain'),
  // It tells of deployments and their errors, and probing them costs money.
  { method: 'GET', path: '/health', name: 'health', access: 'key', kind: 'info_routes', roles: ADMINS },
  { method: 'GET', path: '/health/latest', name: 'latest', access: 'key', kind: 'info_routes', roles: ADMINS },
  {
    method: 'POST',
    path: '/health/drain',
    name: 'drain',
    access: 'drain',
    kind: 'management_routes',
    roles: ['proxy_admin'],
  },
  { method: 'GET', path: '/health/liveliness', name: 'liveliness', access: 'public' },
  { method: 'GET', path: '/health/liveness', name: 'liveliness', access: 'public' },
  { method: 'GET', path: '/health/readiness', name: 'readiness', access: 'public' },
  { method: 'GET', path: '/', name: 'home', access: 'public' },
]

function both(method: Route['method'], path: string, name: RouteName): Route[] {
  const access: Access = 'key'
  return [
    { method, path: `/v1${path}`, name, access },
    { method, path, name, access },
  ]
}

/** Paths of OpenAI's and LiteLLM's surface that are not served yet: they get a clear 501 instead of a 404. */
const LATER = paths(
  // Calls, under OpenAI's paths, under those that hold the model, and passed through.
  `responses messages moderations images audio rerank realtime batches files fine_tuning vector_stores containers videos ocr
   search rag assistants threads interactions engines openai anthropic gemini vertex_ai bedrock azure azure_ai cohere mistral
   vllm assemblyai milvus langfuse`,
  // How the gateway is run.
  `health/services health/history health/shared-status health/test_connection active/callbacks routes get/config/callbacks
   router/settings router/fields fallback cache config credentials metrics reload/model_cost_map utils`,
  // Who may do what.
  `organization project access_group invitation sso scim guardrails policies prompts mcp a2a agents skills`,
)

function paths(...groups: readonly string[]): RegExp {
  const names = groups.flatMap(group => group.split(/\s+/))
  return new RegExp(`^/(v[12]/)?(${names.join('|')})(/|$)`)
}

/** The one method of a path, and whether it belongs to the API that pages in browsers may call. */
export interface PathMethod {
  readonly method: Route['method']
  readonly forPages: boolean
}

const PATHS: ReadonlyMap<string, PathMethod> = new Map(ROUTES.map(route => [route.path, methodOf(route)]))
const MODEL_CALL: PathMethod = { method: 'POST', forPages: true }
const ONE_MODEL: PathMethod = { method: 'GET', forPages: true }

function methodOf({ method, access, kind }: Route): PathMethod {
  return { method, forPages: access === 'key' && kind === undefined }
}

/** Undefined: no route of the table has this path. */
export function methodAt(path: string): PathMethod | undefined {
  const plain = PATHS.get(path)
  if (plain) return plain
  if (isModelPath(path)) return MODEL_CALL
  return /^\/(v1\/)?models\/./.test(path) ? ONE_MODEL : undefined
}

export function isPlanned(path: string): boolean {
  return LATER.test(path) && !isModelPath(path)
}

/** Paths of LiteLLM's management API: without a master key, or without a store, there is none. */
const MANAGEMENT = /^\/(v1\/|v2\/)?(key|team|user|budget|customer|end_user|model|spend|global|tag|provider|audit)(\/|$)/

export function isManagement(path: string): boolean {
  return MANAGEMENT.test(path)
}
