/** How much a finding matters: an error stops the start, a report is a warning at start (`--strict`: an error). */
export type Severity = 'error' | 'report' | 'note'

/** Where something stands in a file; lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Something about the configuration that its author should know. It never holds a secret. */
export interface Finding {
  readonly severity: Severity
  /** Undefined when the configuration is an object and not a file. */
  readonly file: string | undefined
  readonly line: number | undefined
  readonly column: number | undefined
  /** Of the key: `router_settings.num_retires`, `model_list[0].litellm_params.model`. */
  readonly path: string
  readonly message: string
  /** The name that was probably meant. */
  readonly suggestion?: string
  /** Set when `--acknowledge NAME` turns this error into a note. */
  readonly acknowledge?: string
  /** Money or access would not be what its author asked for: a file is read all the same, the management API refuses it. */
  readonly inVain?: boolean
}

/** Where a finding is about: the key's path, and its place when it came from a file. */
export interface Subject {
  readonly path: string
  readonly place?: Place | undefined
}

/** The line that people read: `config.yaml:41:3 router_settings.num_retires: unknown key, did you mean num_retries?` */
export function formatFinding(finding: Finding): string {
  const { file, line, column, path, message, suggestion } = finding
  const position = file === undefined ? '' : line === undefined ? `${file} ` : `${file}:${line}:${column} `
  const subject = path === '' ? '' : `${path}: `
  return `${position}${subject}${message}${suggestion === undefined ? '' : `, did you mean ${suggestion}?`}`
}

/** Collects what is found while a configuration is read. */
export class Findings {
  readonly list: Finding[] = []
  readonly #file: string | undefined

  /** @param file named by findings that have no place of their own. */
  constructor(file?: string) {
    this.#file = file
  }

  error(subject: Subject, message: string, extra: Pick<Finding, 'suggestion' | 'acknowledge'> = {}): void {
    this.add('error', subject, message, extra)
  }

  report(subject: Subject, message: string, extra: Pick<Finding, 'suggestion' | 'inVain'> = {}): void {
    this.add('report', subject, message, extra)
  }

  note(subject: Subject, message: string): void {
    this.add('note', subject, message)
  }

  add(severity: Severity, subject: Subject, message: string, extra: Partial<Finding> = {}): void {
    const { path, place } = subject
    const file = place?.file ?? this.#file
    this.list.push({ severity, file, line: place?.line, column: place?.column, path, message, ...extra })
  }

  get hasErrors(): boolean {
    return this.list.some(finding => finding.severity === 'error')
  }
}

/** The configuration cannot be used. `findings` says all that is wrong with it, not only the first thing. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly findings: readonly Finding[]

  constructor(message: string, findings: readonly Finding[] = []) {
    super(message)
    this.findings = findings
  }

  /** An error whose message lists the errors among the findings. */
  static of(findings: readonly Finding[]): ConfigError {
    const errors = findings.filter(finding => finding.severity === 'error').map(formatFinding)
    return new ConfigError(`the configuration cannot be used:\n${errors.map(line => `  ${line}`).join('\n')}`, findings)
  }
}
