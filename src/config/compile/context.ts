import type { PriceBook } from '../../prices/book.ts'
import type { Environment } from '../environment.ts'
import type { Findings, Severity } from '../finding.ts'
import type { GeneralValues } from '../keys/general.ts'
import type { LitellmValues } from '../keys/litellm.ts'
import type { RouterValues } from '../keys/router.ts'
import type { Section, Tree } from '../tree.ts'
import type { Intern } from './interner.ts'

/** What every part of the compilation may look at. */
export interface CompileContext {
  /** With references resolved. */
  readonly document: Section
  /** As written: references unresolved, for names of variables and for ids. */
  readonly written: Tree
  readonly env: Environment
  readonly findings: Findings
  readonly prices: PriceBook
  readonly intern: Intern
  /** The process is a gateway: it has a store unless it is told otherwise, and the environment is its own. */
  readonly serves: boolean
  /** Gives the text of a file that the configuration names, relative to it. It throws when there is none. */
  readonly readBeside: (path: string) => string
  readonly router: RouterValues
  readonly litellm: LitellmValues
  readonly general: GeneralValues
}

/** Why a deployment cannot be used. */
export interface Problem {
  readonly problem: string
  readonly severity: Severity
  /** The key of `litellm_params` that the problem is about. */
  readonly key: string
  /** Environment variables that would have helped. */
  readonly variables: readonly string[]
}

/** A problem with one key of a deployment. */
export function problem(severity: Severity, key: string, text: string, variables: readonly string[] = []): Problem {
  return { problem: text, severity, key, variables }
}

export function isProblem(value: object): value is Problem {
  return 'problem' in value
}

/** The members that have a value: what is undefined is absent afterwards. */
export function defined<Values extends object>(
  values: Values,
): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Key in keyof Values]?: Exclude<Values[Key], undefined> }
}

/** Seconds of a file as the milliseconds of the settings. */
export function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000)
}
