import type { SemanticAutoSettings, SemanticRoute } from '../../core/auto-settings.ts'
import { checkMembers } from '../check-keys.ts'
import { ROUTE_NAMES, routeHonoured, semanticHonoured } from '../keys/auto-router.ts'
import { readValues } from '../read-values.ts'
import { isTree, Section, toTree } from '../tree.ts'
import { type CompileContext, toMs } from './context.ts'
import type { DeploymentSource } from './deployment-source.ts'
import type { Resolves } from './fallbacks.ts'

/** semantic-router's own threshold for encoders of OpenAI's kind, which LiteLLM takes over. */
const DEFAULT_THRESHOLD = 0.3
/** Every utterance is a vector in memory, and one more comparison for each call. */
const MAX_UTTERANCES = 1_000

/** `auto_router/NAME` with routes. Undefined, with an error said, when something that it needs is missing. */
export function compileSemantic(
  source: DeploymentSource,
  resolves: Resolves,
  context: CompileContext,
): SemanticAutoSettings | undefined {
  const { params } = source
  const { auto_router_default_model: defaultPool, auto_router_embedding_model: embeddingPool } = source.values.params
  const { auto_router_max_input_chars, timeout } = source.values.params
  const routes = compileRoutes(source, resolves, context)
  for (const key of ['auto_router_default_model', 'auto_router_embedding_model'] as const) {
    const pool = source.values.params[key]
    const subject = { ...params.subject('model'), path: `${params.path}.${key}` }
    if (pool === undefined) context.findings.error(subject, 'is required: the name of a pool')
    else if (!resolves(pool)) context.findings.report(params.subject(key), `no pool is called ${pool}`)
  }
  if (defaultPool === undefined || embeddingPool === undefined) return undefined
  return {
    by: 'semantic',
    routes,
    defaultPool,
    embeddingPool,
    maxInputCharacters: auto_router_max_input_chars ?? 2_000,
    embeddingTimeoutMs: toMs(timeout) ?? 10_000,
  }
}

function compileRoutes(
  source: DeploymentSource,
  resolves: Resolves,
  context: CompileContext,
): readonly SemanticRoute[] {
  const { findings } = context
  const section = configOf(source, context)
  readValues(section, semanticHonoured, findings)
  checkMembers(section, Object.keys(semanticHonoured), findings)
  const list = section?.list('routes')
  if (section && !list) findings.error(section.missing('routes'), 'is required: [{name, utterances}]')
  const routes = (list?.value ?? []).flatMap((_, index) => {
    const route = list?.section(index)
    return route ? compileRoute(route, resolves, context) : []
  })
  const utterances = routes.reduce((sum, route) => sum + route.utterances.length, 0)
  if (list && utterances > MAX_UTTERANCES)
    findings.error({ path: list.path }, `has ${utterances} utterances; at most ${MAX_UTTERANCES} are compared`)
  return routes
}

function compileRoute(route: Section, resolves: Resolves, { findings }: CompileContext): readonly SemanticRoute[] {
  checkMembers(route, ROUTE_NAMES, findings)
  const { name, utterances = [], score_threshold } = readValues(route, routeHonoured, findings)
  if (name === undefined) findings.error(route.missing('name'), 'is required: the name of a pool')
  else if (!resolves(name)) findings.report(route.subject('name'), `no pool is called ${name}`)
  if (utterances.length === 0)
    findings.report({ path: `${route.path}.utterances` }, 'is empty, so the route is never taken')
  return name === undefined ? [] : [{ pool: name, utterances, scoreThreshold: score_threshold ?? DEFAULT_THRESHOLD }]
}

/** The routes as they stand in the configuration, as JSON text there, or in a file of their own. */
function configOf({ params, values }: DeploymentSource, context: CompileContext): Section | undefined {
  const inline = params.section('auto_router_config')
  if (inline) return inline
  const { auto_router_config: text, auto_router_config_path: path } = values.params
  if (typeof text === 'string') return parsed(text, { section: params, key: 'auto_router_config', context })
  if (path === undefined) return undefined
  try {
    return parsed(context.readBeside(path), { section: params, key: 'auto_router_config_path', context })
  } catch {
    context.findings.error(params.subject('auto_router_config_path'), `the file ${path} cannot be read`)
    return undefined
  }
}

interface From {
  readonly section: Section
  readonly key: string
  readonly context: CompileContext
}

function parsed(text: string, { section, key, context }: From): Section | undefined {
  const subject = section.subject(key)
  try {
    const tree = toTree(JSON.parse(text))
    if (isTree(tree)) return new Section(tree, subject.path, section.places)
  } catch {}
  context.findings.error(subject, 'holds no JSON object')
  return undefined
}
