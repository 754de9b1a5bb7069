import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load-config.ts'

/** The environment that is read where a test gives none. */
export const ENV: Record<string, string> = { OPENAI_API_KEY: 'from-openai-variable', AZURE_API_KEY: 'azure' }

/** Compiles one entry of `model_list`, or several. `one` is the first deployment; `lines` are the findings as they are printed. */
export function load(entries: object | object[], more: object = {}, env = ENV) {
  const config = loadConfig({ object: { model_list: [entries].flat(), ...more } }, { env, tolerant: true })
  const lines = config.findings.map(one => `${one.severity} ${formatFinding(one)}`)
  return { config, lines, all: config.settings.routing.deployments, one: config.settings.routing.deployments[0] }
}

/** An entry of `model_list` in pool `p`. */
export const entry = (params: object, more: object = {}) => ({ model_name: 'p', litellm_params: params, ...more })
