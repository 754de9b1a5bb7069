import { describe, expect, it } from 'vitest'
import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load-config.ts'

const pools = ['small', 'large', 'embedder'].map(pool => ({
  model_name: pool,
  litellm_params: { model: `mock/${pool}` },
}))

function load(params: object, files: Readonly<Record<string, string>> = {}) {
  const model_list = [...pools, { model_name: 'smart', litellm_params: params }]
  const { settings, findings } = loadConfig(
    { text: JSON.stringify({ model_list }), path: 'conf/config.yaml' },
    {
      env: {},
      tolerant: true,
      readFile(path) {
        const found = Object.keys(files).find(name => path.endsWith(`/conf/${name}`))
        if (found === undefined) throw new Error('no such file')
        return files[found] ?? ''
      },
    },
  )
  const lines = findings.map(one => `${one.severity} ${formatFinding(one).replace(/^\S+ /, '')}`)
  return { settings, auto: settings.routing.auto.smart, lines }
}

const complexity = (complexity_router_config: object, more: object = {}) =>
  load({ model: 'auto_router/complexity_router', complexity_router_config, ...more })

describe('auto_router/complexity_router', () => {
  it('has the documented defaults', () => {
    const { auto, lines, settings } = complexity({ tiers: { SIMPLE: 'small', REASONING: ['large', 'small'] } })
    expect(lines).toEqual([])
    expect(auto).toEqual({
      by: 'complexity',
      tiers: { SIMPLE: ['small'], REASONING: ['large', 'small'] },
      defaultPool: 'small',
      scoring: {},
      scores: true,
      byModality: false,
      oncePerTurn: false,
    })
    expect(settings.gateway.responseModels).toEqual({})
    expect(settings.routing.deployments.map(one => one.pool)).toEqual(['small', 'large', 'embedder'])
  })

  it('reads every key that has an effect', () => {
    const { auto, lines, settings } = complexity(
      {
        tiers: { MEDIUM: 'small' },
        tier_boundaries: { simple_medium: '0.1' },
        token_thresholds: { complex: 100 },
        dimension_weights: { codePresence: 1 },
        code_keywords: ['cobol'],
        reasoning_keywords: ['why'],
        technical_keywords: ['pump'],
        simple_keywords: ['hi'],
        custom_technical_keywords: ['kafka'],
        keyword_tier_rules: [{ keywords: ['istio'], tier: 'REASONING' }],
        reminder_markers: ['<r>', '</r>'],
        tier_labels: { SIMPLE: 'Cheap' },
        enable_context_window_escalation: true,
        modality_routing: true,
        classification_mode: 'user_turn',
        session_affinity: true,
        session_affinity_ttl_seconds: 60,
        return_raw_model_name: false,
        classifier_fallback: 'heuristic',
      },
      { complexity_router_default_model: 'large' },
    )
    expect(lines).toEqual([])
    expect(auto).toEqual({
      by: 'complexity',
      tiers: { MEDIUM: ['small'] },
      defaultPool: 'large',
      scoring: {
        tierBoundaries: { simple_medium: 0.1 },
        tokenThresholds: { complex: 100 },
        dimensionWeights: { codePresence: 1 },
        codeKeywords: ['cobol'],
        reasoningKeywords: ['why'],
        technicalKeywords: ['pump'],
        simpleKeywords: ['hi'],
        customTechnicalKeywords: ['kafka'],
        keywordTierRules: [{ keywords: ['istio'], tier: 'REASONING' }],
        reminderMarkers: [{ open: '<r>', close: '</r>' }],
        tierLabels: { SIMPLE: 'Cheap' },
      },
      scores: true,
      windowShare: 0.95,
      byModality: true,
      oncePerTurn: true,
      sessionTtlMs: 60_000,
    })
    expect(settings.gateway.responseModels).toEqual({ smart: 'requested' })
  })

  it('reports unknown names with what was probably meant', () => {
    const { lines } = complexity({ tiers: { SIMPLE: 'small', MEDUM: 'large' }, sesion_affinity: true })
    expect(lines).toEqual([
      expect.stringMatching(/^report .*complexity_router_config\.sesion_affinity: .* did you mean session_affinity\?$/),
      expect.stringMatching(/^report .*complexity_router_config\.tiers\.MEDUM: .* did you mean MEDIUM\?$/),
    ])
  })

  it('notes what is planned, and says what another classifier falls back to', () => {
    const tiers = { SIMPLE: 'small' }
    expect(complexity({ tiers, adaptive: true, match_threshold: 0.5 }).lines).toEqual([
      expect.stringMatching(/^note .*match_threshold: accepted, no effect/),
      expect.stringMatching(/^note .*adaptive: accepted, no effect/),
    ])
    const scored = complexity({ tiers, classifier_type: 'llm' })
    expect(scored.lines).toEqual([expect.stringMatching(/^report .*classifier_type: .* the score decides$/)])
    expect(scored.auto).toMatchObject({ scores: true })
    const unscored = complexity({ tiers, classifier_type: 'llm', classifier_fallback: 'default_model' })
    expect(unscored.lines[0]).toContain('every prompt goes to the default model')
    expect(unscored.auto).toMatchObject({ scores: false })
  })

  it('refuses what cannot work', () => {
    expect(complexity({}).lines[0]).toMatch(/^error .*tiers: is required/)
    expect(complexity({ tiers: { SIMPLE: [] } }).lines[0]).toMatch(/^error .*tiers\.SIMPLE: is empty/)
    expect(complexity({ tiers: { SIMPLE: 'small' }, tier_boundaries: { simple_medium: 0.5 } }).lines[0]).toMatch(
      /must rise/,
    )
    expect(complexity({ tiers: { SIMPLE: 'smal' } }).lines).toEqual([
      expect.stringMatching(/^report .*tiers\.SIMPLE: no pool is called smal$/),
    ])
  })
})

const routes = [{ name: 'large', utterances: ['prove it'], score_threshold: 0.5 }]
const semantic = {
  model: 'auto_router/mine',
  auto_router_default_model: 'small',
  auto_router_embedding_model: 'embedder',
}

describe('auto_router/NAME', () => {
  const compiled = {
    by: 'semantic',
    routes: [{ pool: 'large', utterances: ['prove it'], scoreThreshold: 0.5 }],
    defaultPool: 'small',
    embeddingPool: 'embedder',
    maxInputCharacters: 2_000,
    embeddingTimeoutMs: 10_000,
  }

  it.each([
    ['a map', { auto_router_config: { routes } }],
    ['JSON text', { auto_router_config: JSON.stringify({ encoder_type: 'openai', routes }) }],
    ['a file beside the configuration', { auto_router_config_path: 'router.json' }],
  ])('takes its routes from %s', (_, config) => {
    const { auto, lines } = load({ ...semantic, ...config }, { 'router.json': JSON.stringify({ routes }) })
    expect(lines).toEqual([])
    expect(auto).toEqual(compiled)
  })

  it('knows the names of semantic-router, and reports others', () => {
    const route = { name: 'large', utterances: ['x'], description: '', function_schemas: null, llm: null, metadata: {} }
    const { auto, lines } = load({ ...semantic, auto_router_config: { routes: [route] } })
    expect(lines).toEqual([])
    expect(auto).toMatchObject({ routes: [{ scoreThreshold: 0.3 }] })
    const wrong = load({ ...semantic, auto_router_config: { routes: [{ ...route, treshold: 1 }] } })
    expect(wrong.lines).toEqual([expect.stringMatching(/^report .*routes\[0\]\.treshold: unknown key/)])
  })

  it.each<[string, object, RegExp]>([
    ['no routes', { auto_router_config: {} }, /^error .*routes: is required/],
    ['no JSON', { auto_router_config: '{' }, /^error .*auto_router_config: holds no JSON object/],
    ['no file', { auto_router_config_path: 'gone.json' }, /^error .*the file gone\.json cannot be read/],
    ['no embedder', { auto_router_config: { routes }, auto_router_embedding_model: null }, /^error .*is required/],
    [
      'no pool of that name',
      { auto_router_config: { routes: [{ ...routes[0], name: 'lagre' }] } },
      /no pool is called/,
    ],
    ['no configuration', {}, /^report .*needs auto_router_config/],
    ['another kind', { model: 'auto_router/adaptive_router' }, /^report .*planned for a later release/],
  ])('says what is wrong: %s', (_, params, line) => {
    expect(load({ ...semantic, ...params }).lines[0]).toMatch(line)
  })

  it('reports deployments that it hides', () => {
    const model_list = [
      ...pools,
      { model_name: 'small', litellm_params: { ...semantic, auto_router_config: { routes } } },
    ]
    const { findings } = loadConfig({ object: { model_list } }, { env: {}, tolerant: true })
    expect(findings.map(one => one.message)).toEqual(['hides 1 deployments of this name'])
  })
})
