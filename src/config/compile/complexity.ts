import type { ComplexityAutoSettings, ComplexityScoring, ComplexityTier } from '../../core/auto-settings.ts'
import { checkMembers } from '../check-keys.ts'
import { complexityHonoured, complexityPlanned } from '../keys/auto-router.ts'
import type { Honoured, ValuesOf } from '../keys/entry.ts'
import { readValues } from '../read-values.ts'
import { own, Section, type Tree } from '../tree.ts'
import { type CompileContext, defined, toMs } from './context.ts'
import type { DeploymentSource } from './deployment-source.ts'
import type { Resolves } from './fallbacks.ts'

type Values = ValuesOf<typeof complexityHonoured>

const TIERS = ['SIMPLE', 'MEDIUM', 'COMPLEX', 'REASONING'] as const satisfies readonly ComplexityTier[]

/** `auto_router/complexity_router`. Undefined, with an error said, when it names no pool. */
export function compileComplexity(
  source: DeploymentSource,
  resolves: Resolves,
  context: CompileContext,
): ComplexityAutoSettings | undefined {
  const { findings } = context
  const { params } = source
  const section =
    params.section('complexity_router_config') ??
    new Section<Tree>({}, `${params.path}.complexity_router_config`, params.places)
  const values = readValues(section, complexityHonoured, findings)
  for (const [key, [, , members]] of Object.entries<Honoured>(complexityHonoured))
    if (members) checkMembers(section.section(key), members, findings)
  sayPlanned(section, values, context)
  checkBoundaries(section, values, context)
  const tiers = compileTiers(section, values, { resolves, context })
  const named = source.values.params.complexity_router_default_model
  if (named !== undefined && !resolves(named))
    findings.report(params.subject('complexity_router_default_model'), `no pool is called ${named}`)
  const defaultPool = named ?? tiers.MEDIUM?.[0] ?? TIERS.flatMap(tier => tiers[tier] ?? [])[0]
  if (defaultPool === undefined) {
    findings.error({ ...params.subject('model'), path: `${section.path}.tiers` }, 'is required: {SIMPLE: pool, ...}')
    return undefined
  }
  return {
    by: 'complexity',
    tiers,
    defaultPool,
    scoring: compileScoring(values),
    scores: isBuiltIn(section) || values.classifier_fallback !== 'default_model',
    byModality: values.modality_routing ?? false,
    oncePerTurn: values.classification_mode === 'user_turn',
    ...defined({
      windowShare: values.enable_context_window_escalation
        ? (values.context_window_escalation_buffer ?? 0.95)
        : undefined,
      sessionTtlMs: values.session_affinity ? (toMs(values.session_affinity_ttl_seconds) ?? 3_600_000) : undefined,
    }),
  }
}

function compileTiers(
  section: Section,
  values: Values,
  { resolves, context: { findings } }: { readonly resolves: Resolves; readonly context: CompileContext },
): ComplexityAutoSettings['tiers'] {
  const inner = section.section('tiers')
  const tiers: Partial<Record<ComplexityTier, readonly string[]>> = {}
  for (const tier of TIERS) {
    const pools = values.tiers?.[tier]
    if (!pools || !inner) continue
    if (pools.length === 0) findings.error(inner.subject(tier), 'is empty: name a pool, or leave the tier out')
    pools.forEach((pool, index) => {
      if (!resolves(pool)) findings.report(inner.deepSubject([tier, index]), `no pool is called ${pool}`)
    })
    tiers[tier] = pools
  }
  return tiers
}

function compileScoring(values: Values): ComplexityScoring {
  return defined({
    tierBoundaries: values.tier_boundaries,
    tokenThresholds: values.token_thresholds,
    dimensionWeights: values.dimension_weights,
    codeKeywords: values.code_keywords,
    reasoningKeywords: values.reasoning_keywords,
    technicalKeywords: values.technical_keywords,
    simpleKeywords: values.simple_keywords,
    customTechnicalKeywords: values.custom_technical_keywords,
    keywordTierRules: values.keyword_tier_rules,
    reminderMarkers: values.reminder_markers?.map(([open, close]) => ({ open, close })),
    tierLabels: values.tier_labels,
  })
}

function isBuiltIn(section: Section): boolean {
  const type = own(section.value, 'classifier_type')
  return type === undefined || type === 'heuristic'
}

/** Unknown names are said where all of them are checked; here it is the known ones that do nothing yet. */
function sayPlanned(section: Section, values: Values, { findings }: CompileContext): void {
  for (const name of complexityPlanned) {
    const value = own(section.value, name)
    if (value === undefined || value === false) continue
    if (name !== 'classifier_type')
      findings.note(section.subject(name), 'accepted, no effect: is planned for a later release')
    else if (!isBuiltIn(section)) {
      const instead =
        values.classifier_fallback === 'default_model' ? 'every prompt goes to the default model' : 'the score decides'
      findings.report(section.subject(name), `only heuristic is built in, so classifier_fallback holds: ${instead}`)
    }
  }
}

function checkBoundaries(section: Section, { tier_boundaries: given }: Values, { findings }: CompileContext): void {
  const boundaries = { simple_medium: 0.15, medium_complex: 0.35, complex_reasoning: 0.6, ...given }
  const { simple_medium, medium_complex, complex_reasoning } = boundaries
  if (simple_medium <= medium_complex && medium_complex <= complex_reasoning) return
  findings.error(section.subject('tier_boundaries'), 'must rise: simple_medium, medium_complex, complex_reasoning')
}
