import { hosts } from '../../providers/catalogue.ts'
import type { Host } from '../../providers/host.ts'
import { PROVIDER_KEY_NAMES } from '../keys/litellm.ts'
import { own } from '../tree.ts'
import type { CompileContext } from './context.ts'
import type { DeploymentSource } from './deployment-source.ts'

/**
 * An entry whose model is `*` alone is one deployment per provider that is reached with what the environment says: each name
 * that is asked for goes to the provider that it tells. Any other entry is itself. So is one that says where it goes, or with
 * which key: a key goes to nobody but its provider.
 */
export function byProvider(source: DeploymentSource, context: CompileContext): readonly DeploymentSource[] {
  if (!takesAnyProvider(source, context)) return [source]
  const reached = hosts.filter(host => isReached(host, context))
  // Nobody is reached: what its deployment says of keys tells what is missing.
  return reached.length === 0 ? [source] : reached.map(host => forHost(source, host))
}

/** Whether its provider is whatever the name tells that is asked for. */
export function takesAnyProvider({ values: { params } }: DeploymentSource, { litellm }: CompileContext): boolean {
  const { model, custom_llm_provider, api_base, base_url, api_key } = params
  const isMocked = params.mock_response !== undefined || params.mock_timeout || params.mock_tool_calls !== undefined
  const isSaid = custom_llm_provider ?? api_base ?? base_url ?? api_key ?? litellm.api_base
  return model === '*' && isSaid === undefined && !isMocked
}

/** Open servers only where a variable says where they are: a name that is asked for must not find out what this machine serves. */
function isReached(host: Host, { env, document }: CompileContext): boolean {
  if (host.protocol === 'mock') return false
  const isPlaced = host.baseUrlVariables.some(name => env[name])
  if (!host.baseUrl && !isPlaced) return false
  if (!host.keyRequired && isPlaced) return true
  const settings = document.section('litellm_settings')?.value
  const names = Object.entries(PROVIDER_KEY_NAMES).filter(([, provider]) => provider === host.name)
  return names.some(([name]) => own(settings, name)) || host.keyVariables.some(name => env[name])
}

function forHost(source: DeploymentSource, { name }: Host): DeploymentSource {
  const { params, info, entry } = source.values
  return {
    ...source,
    anyProvider: source,
    writtenParams: { ...source.writtenParams, custom_llm_provider: name },
    values: {
      entry,
      params: { ...params, custom_llm_provider: name },
      info: info.id === undefined ? info : { ...info, id: `${info.id}-${name}` },
    },
  }
}
