/**
 * What the name of a Claude model says about the parameters it takes. A cut-off by version rather than a list of names,
 * so that next month's model is right on its first day.
 * https://platform.claude.com/docs/en/build-with-claude/thinking and .../effort, read November 2026.
 */
export interface ModelTraits {
  /** `thinking: adaptive` with an effort (4.6 and later; from 4.7 on the only way), instead of a budget of tokens. */
  readonly adaptive: boolean
  /** Returns the text of its thoughts only when asked to (4.7 and later). */
  readonly hidesThoughts: boolean
  /** Refuses temperature, top_p and top_k other than their defaults (4.7 and later). */
  readonly fixedSampling: boolean
  /** Refuses temperature and top_p together (4.1 and later). */
  readonly oneSampling: boolean
  /** Knows the effort `xhigh` (4.7 and later). */
  readonly xhigh: boolean
  /** What asks it not to think, as far as it can be asked. */
  readonly thoughtless: Thoughtless
}

export type Thoughtless = 'omit' | 'disabled' | 'between_tools' | 'low_effort'

const NAME = /claude-(?:([a-z]+)-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/
const UNKNOWN: ModelTraits = {
  adaptive: false,
  hidesThoughts: false,
  fixedSampling: false,
  oneSampling: false,
  xhigh: false,
  thoughtless: 'omit',
}

/** Reads a model's traits from its name; a name that is not Claude's is treated like Claude 4.5 and before. */
export function traitsOf(model: string): ModelTraits {
  const match = NAME.exec(model)
  if (!match) return model.includes('claude-mythos') ? traits('mythos', 407) : UNKNOWN
  return traits(match[1] ?? '', Number(match[2]) * 100 + Number(match[3] ?? 0))
}

/** `version` is 407 for 4.7. */
function traits(family: string, version: number): ModelTraits {
  const newest = version >= 407
  return {
    adaptive: version >= 406,
    hidesThoughts: newest,
    fixedSampling: newest,
    oneSampling: version >= 401,
    xhigh: newest,
    thoughtless: thoughtless(family, version),
  }
}

/** Until 4.8 a model thinks only when asked; Fable, Mythos and Opus from 5.5 on always do. */
function thoughtless(family: string, version: number): Thoughtless {
  if (family === 'fable' || family === 'mythos') return 'low_effort'
  if (version < 500) return 'omit'
  if (family === 'sonnet' && version >= 505) return 'between_tools'
  if (family === 'opus' && version >= 505) return 'low_effort'
  return 'disabled'
}
