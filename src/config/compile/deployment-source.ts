import type { JsonObject } from '../../core/json.ts'
import type { Findings } from '../finding.ts'
import {
  type EntryValues,
  entryHonoured,
  type InfoValues,
  infoHonoured,
  type ParamsValues,
  paramsHonoured,
} from '../keys/deployment.ts'
import { readValues } from '../read-values.ts'
import { child, own, Section, type Tree } from '../tree.ts'
import type { CompileContext } from './context.ts'

/** One entry of `model_list` as it was read, with the values of its honoured keys. */
export interface DeploymentSource {
  readonly entry: Section
  readonly params: Section
  readonly info: JsonObject
  /** `litellm_params` as written: references unresolved. */
  readonly writtenParams: Tree
  /** The name in `credential_list` that filled in the key. */
  readonly credential?: string
  /** The entry of which it is one provider's: its `*` stands for names that tell this one, and for no others (catch-all.ts). */
  readonly anyProvider?: DeploymentSource
  readonly values: {
    readonly entry: EntryValues
    readonly params: ParamsValues
    readonly info: InfoValues
  }
}

/** Reads an entry of `model_list`. Gives undefined, and error findings, when it is no deployment at all. */
export function readDeployment(context: CompileContext, index: number): DeploymentSource | undefined {
  const { document, written, findings } = context
  const list = document.list('model_list')
  const entry = list?.section(index)
  if (!entry) {
    findings.error(list?.subject(index) ?? { path: 'model_list' }, 'expected a map with model_name and litellm_params')
    return undefined
  }
  const params = withCredential(entry, context)
  const source: DeploymentSource = {
    entry,
    params: params.section,
    info: (child(entry.value, 'model_info') ?? {}) as JsonObject,
    writtenParams: { ...params.written, ...writtenParamsOf(written, index) },
    ...(params.credential !== undefined && { credential: params.credential }),
    values: {
      entry: readValues(entry, entryHonoured, findings),
      params: readValues(params.section, paramsHonoured, findings),
      info: readValues(entry.section('model_info'), infoHonoured, findings),
    },
  }
  return isComplete(source, findings) ? source : undefined
}

/** What is required and missing is said; values of the wrong kind have been said already. */
function isComplete({ entry, params, values }: DeploymentSource, findings: Findings): boolean {
  if (own(entry.value, 'model_name') === undefined) {
    findings.error(
      { ...params.subject('model'), path: `${entry.path}.model_name` },
      'is required: the name of the pool',
    )
  }
  if (own(entry.value, 'litellm_params') === undefined) {
    findings.error({ ...entry.subject('model_name'), path: `${entry.path}.litellm_params` }, 'is required')
  } else if (own(params.value, 'model') === undefined) {
    findings.error({ ...entry.subject('litellm_params'), path: `${params.path}.model` }, 'is required: provider/model')
  }
  return values.entry.model_name !== undefined && values.params.model !== undefined
}

function writtenParamsOf(written: Tree, index: number): Tree {
  const list = own(written, 'model_list')
  const entry = Array.isArray(list) ? list[index] : undefined
  return (child(entry as Tree | undefined, 'litellm_params') ?? {}) as Tree
}

interface WithCredential {
  readonly section: Section
  readonly written: Tree
  readonly credential?: string
}

/** Fills in what `litellm_params` leaves absent from the credential that it names. */
function withCredential(entry: Section, { document, written, findings }: CompileContext): WithCredential {
  const params = entry.section('litellm_params') ?? new Section<Tree>({}, `${entry.path}.litellm_params`, entry.places)
  const name = own(params.value, 'litellm_credential_name')
  if (typeof name !== 'string') return { section: params, written: {} }
  const index = credentialIndex(document.value, name)
  if (index < 0) {
    findings.report(params.subject('litellm_credential_name'), `no entry of credential_list is called ${name}`)
    return { section: params, written: {}, credential: name }
  }
  const present = Object.fromEntries(Object.entries(params.value).filter(([, value]) => value !== null))
  const filled: Tree = { ...credentialValues(document.value, index), ...present }
  for (const key of Object.keys(filled)) {
    const place = params.places.of(params.value, key) ?? params.places.of(params.value, 'litellm_credential_name')
    if (place) params.places.set(filled, key, place)
  }
  const section = new Section(filled, params.path, params.places)
  return { section, written: credentialValues(written, index), credential: name }
}

function credentialIndex(document: Tree, name: string): number {
  const list = own(document, 'credential_list')
  if (!Array.isArray(list)) return -1
  return list.findIndex(item => own(item as Tree, 'credential_name') === name)
}

function credentialValues(document: Tree, index: number): Tree {
  const list = own(document, 'credential_list')
  const item = Array.isArray(list) ? (list[index] as Tree | undefined) : undefined
  return child(item, 'credential_values') ?? {}
}
