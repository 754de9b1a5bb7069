import type { TollgateValues } from '../keys/tollgate.ts'
import type { CompileContext } from './context.ts'

/** Whose pages may call: `tollgate_settings.cors_origins`, else LiteLLM's variable, whose origins commas part. */
export function compileOrigins({ document, findings, env, general }: CompileContext, tollgate: TollgateValues) {
  const subject = document.section('tollgate_settings')?.subject('cors_origins') ?? { path: 'LITELLM_CORS_ORIGINS' }
  const origins = tollgate.cors_origins ?? listed(env.LITELLM_CORS_ORIGINS)
  for (const origin of origins) {
    if (origin !== '*' && !isOrigin(origin))
      findings.error(subject, `expected origins, such as https://app.example.com, or *: ${origin.slice(0, 60)}`)
  }
  const hasKey = general.master_key !== undefined || Boolean(env.TOLLGATE_MASTER_KEY || env.LITELLM_MASTER_KEY)
  // Whoever opens a page on this machine would lend it the gateway.
  if (origins.includes('*') && !hasKey)
    findings.error(subject, 'is * without a master key, so any web page opened here could call: name the origins')
  return origins
}

function listed(text = ''): readonly string[] {
  return text
    .split(',')
    .map(one => one.trim())
    .filter(one => one !== '')
}

/** As browsers send it: no path, and no port that is the scheme's own. Extensions and apps have schemes of theirs. */
function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/i.test(text) || !URL.canParse(text)) return false
  return !/^https?:/i.test(text) || new URL(text).origin === text.toLowerCase()
}
