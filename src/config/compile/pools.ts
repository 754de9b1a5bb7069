import type { BudgetTerms } from '../../core/budget.ts'
import type { Deployment, SelectionSettings } from '../../core/deployment.ts'
import type { Subject } from '../finding.ts'
import { isAutoRouter } from './auto-routers.ts'
import { deploymentBudget } from './budgets.ts'
import { byProvider } from './catch-all.ts'
import type { KeySource } from './connection.ts'
import { type CompileContext, isProblem } from './context.ts'
import { type CompiledDeployment, compileDeployment } from './deployment.ts'
import { type DeploymentSource, readDeployment } from './deployment-source.ts'
import type { LeftOut, Origins } from './left-out.ts'

/** All of `model_list`. */
export interface Pools extends Origins {
  readonly deployments: readonly Deployment[]
  /** Entries that are no deployments but choices between pools. */
  readonly autoRouters: readonly DeploymentSource[]
  /** Those of single deployments. */
  readonly budgets: readonly BudgetTerms[]
}

/** Compiles `model_list`: every deployment that can be used, and why each of the others cannot. */
export function compilePools(context: CompileContext): Pools {
  const collected = new Collected(context)
  const list = context.document.list('model_list')
  list?.value.forEach((_, index) => {
    const source = readDeployment(context, index)
    if (source) collected.take(source, index)
  })
  collected.sayWhoGetsNothing()
  return collected
}

class Collected implements Pools {
  readonly deployments: Deployment[] = []
  readonly keySources = new Map<string, KeySource>()
  readonly entries = new Map<string, number>()
  readonly leftOut: LeftOut[] = []
  readonly autoRouters: DeploymentSource[] = []
  readonly budgets: BudgetTerms[] = []
  readonly #context: CompileContext
  readonly #subjects = new Map<string, Subject>()

  constructor(context: CompileContext) {
    this.#context = context
  }

  take(source: DeploymentSource, entry: number): void {
    const { findings, env } = this.#context
    const environments = source.values.info.supported_environments
    const here = env.LITELLM_ENVIRONMENT
    if (environments && (here === undefined || !environments.includes(here))) {
      const reason = `left out: LITELLM_ENVIRONMENT is ${here ?? 'not set'}, it serves ${environments.join(', ')}`
      findings.note(source.entry.deepSubject(['model_info', 'supported_environments']), reason)
      this.#leaveOut(source, { entry, reason, variables: ['LITELLM_ENVIRONMENT'], lacksKey: false })
      return
    }
    if (isAutoRouter(source)) {
      this.autoRouters.push(source)
      return
    }
    for (const one of byProvider(source, this.#context)) this.#compile(one, entry)
  }

  #compile(source: DeploymentSource, entry: number): void {
    const { findings } = this.#context
    const compiled = compileDeployment(source, this.#context)
    if (!isProblem(compiled)) for (const one of compiled) this.#add(one, source, entry)
    else {
      const subject = source.params.subject(compiled.key)
      const place = subject.place ?? source.params.subject('model').place
      findings.add(compiled.severity, { path: subject.path, place }, compiled.problem)
      const { problem: reason, variables, key } = compiled
      this.#leaveOut(source, { entry, reason, variables, lacksKey: key === 'api_key' && variables.length > 0 })
    }
  }

  #leaveOut({ values }: DeploymentSource, why: Omit<LeftOut, 'pool' | 'model'>): void {
    const names = { pool: values.entry.model_name ?? '', model: values.params.model ?? '' }
    this.leftOut.push({ ...names, ...why, reason: why.reason.replace(/^left out: /, '') })
  }

  #add({ deployment, keySource }: CompiledDeployment, source: DeploymentSource, entry: number): void {
    const subject = source.entry.subject('model_name')
    let { id } = deployment
    if (this.keySources.has(id)) {
      if (source.values.info.id !== undefined) {
        this.#context.findings.error(source.entry.deepSubject(['model_info', 'id']), 'is the id of another deployment')
        return
      }
      id = `${id}-${this.deployments.filter(other => other.id.startsWith(id)).length + 1}`
    }
    this.deployments.push({ ...deployment, id })
    this.keySources.set(id, keySource)
    this.entries.set(id, entry)
    this.#bound(deployment.entryId ?? id, source)
    this.#subjects.set(id, subject)
  }

  /** What several share is one budget, told of once. */
  #bound(id: string, source: DeploymentSource): void {
    if (this.budgets.some(one => one.subject === id)) return
    this.budgets.push(...deploymentBudget(id, source, this.#context.findings))
  }

  /** simple-shuffle: the first of these that any member has decides, and members without it get no traffic. */
  sayWhoGetsNothing(): void {
    for (const pool of new Set(this.deployments.map(deployment => deployment.pool))) {
      const members = this.deployments.filter(deployment => deployment.pool === pool)
      const key = DECIDING.find(name => members.some(member => (member.selection[name] ?? 0) > 0))
      if (!key) continue
      for (const member of members.filter(one => !one.selection[key])) {
        const subject = this.#subjects.get(member.id) ?? { path: pool }
        const message = `gets no traffic under simple-shuffle: other deployments of the pool have ${key}, this one does not`
        this.#context.findings.report(subject, message)
      }
    }
  }
}

const DECIDING = ['weight', 'rpm', 'tpm'] as const satisfies readonly (keyof SelectionSettings)[]
