import { ConfigError } from '../config/finding.ts'
import { type ConfigSource, type LoadedConfig, loadConfig } from '../config/load-config.ts'

/** Where a configuration says what the store is, and what new keys get and may have. */
const NEEDED = [
  /^$/,
  /^include\b/,
  /^the environment variable DATABASE_URL$/,
  /^(general|litellm|tollgate)_settings$/,
  /^general_settings\.database_/,
  /^tollgate_settings\.store$/,
  /^litellm_settings\.\w*(params|budget)/,
]

/**
 * Reads a configuration for those who work in its store and call nobody: neither models nor their keys need be usable, nor the
 * master key be there.
 * @throws ConfigError when what they need is wrong.
 */
export function loadForStore(source: ConfigSource): LoadedConfig {
  const config = loadConfig(source, { serves: true, listens: false, tolerant: true })
  const wrong = config.findings.filter(
    ({ severity, path }) => severity === 'error' && NEEDED.some(needed => needed.test(path)),
  )
  if (wrong.length > 0) throw ConfigError.of(wrong)
  return config
}
