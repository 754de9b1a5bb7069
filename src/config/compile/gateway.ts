import { Secret } from '../../core/secret.ts'
import { type TollgateValues, tollgateHonoured } from '../keys/tollgate.ts'
import { readValues } from '../read-values.ts'
import type { GatewaySettings } from '../settings.ts'
import { own } from '../tree.ts'
import { compileAddresses } from './addresses.ts'
import { compileResponseModels } from './auto-routers.ts'
import { type CompileContext, defined } from './context.ts'
import { compileOrigins } from './origins.ts'
import type { Pools } from './pools.ts'

const MEGABYTE = 1024 * 1024

const DOCUMENTED_KEYS: ReadonlySet<string> = new Set([
  'sk-1234',
  'sk-12345',
  'sk-123456',
  'sk-1234567890',
  'sk-master-key',
  'your-master-key',
  'changeme',
  'change-me',
])

/** Whether a key stands in documentation, ours or others', and so protects nothing. */
export function isDocumentedKey(key: string): boolean {
  return DOCUMENTED_KEYS.has(key)
}

/** What the HTTP server needs to know. */
export function compileGateway(context: CompileContext, tollgate: TollgateValues, pools: Pools): GatewaySettings {
  const { document, findings, litellm, general } = context
  const listenSection = document.section('tollgate_settings')?.section('listen')
  const listen = readValues(listenSection, tollgateHonoured.listen, findings)
  if (listenSection && listen.port !== undefined && listen.port > 65_535) {
    findings.error(listenSection.subject('port'), 'expected a port, 0 to 65535')
  }
  sayCancels(context)
  const megabytes = tollgate.body_limit_mb ?? general.max_request_size_mb ?? 32
  return {
    allowedHosts: tollgate.allowed_hosts ?? [],
    corsOrigins: compileOrigins(context, tollgate),
    bodyLimitBytes: Math.max(1, Math.round(megabytes * MEGABYTE)),
    listen: { host: listen.host ?? '127.0.0.1', port: listen.port ?? 4000 },
    log: tollgate.log ?? (litellm.json_logs ? 'json' : 'lines'),
    tagHeaders: (litellm.extra_spend_tag_headers ?? []).map(name => name.toLowerCase()),
    responseModel: tollgate.response_model ?? 'upstream',
    healthDetails: general.health_check_details ?? true,
    clientKeepalive: context.router.allow_client_keepalive_override ?? false,
    streamUsage: general.always_include_stream_usage ?? false,
    responseModels: compileResponseModels(pools.autoRouters),
    ...defined({
      allowedAddresses: compileAddresses(context),
      masterKey: masterKey(context),
      keyHeader: general.litellm_key_header_name?.toLowerCase(),
      completionModel: general.completion_model,
      embeddingModel: general.embedding_model,
      drain: general.enable_drain_endpoint ? compileDrain(context) : undefined,
    }),
  }
}

/** Whoever wants answers to be read out when nobody is there to hear them cannot have that. */
function sayCancels({ general, document, findings }: CompileContext): void {
  const subject = document.section('general_settings')?.subject('cancel_on_disconnect')
  if (general.cancel_on_disconnect === false && subject)
    findings.note(subject, 'has no effect: the upstream is always told to stop when its client has left')
}

/** A token that is set and empty, as by a variable that is not there, must not open the door. */
function compileDrain({ general, document, findings }: CompileContext): GatewaySettings['drain'] {
  const token = general.drain_endpoint_token
  if (token === undefined) return {}
  const subject = document.section('general_settings')?.subject('drain_endpoint_token')
  if (token.trim() === '') findings.error(subject ?? { path: 'general_settings.drain_endpoint_token' }, 'is empty')
  return { token: new Secret(token) }
}

/** `general_settings.master_key`, else the variables that LiteLLM and tollgate know. */
function masterKey({ document, env, findings }: CompileContext): Secret | undefined {
  const section = document.section('general_settings')
  const written = own(section?.value, 'master_key')
  const subject = section?.subject('master_key') ?? { path: 'general_settings.master_key' }
  const key = written === undefined ? env.TOLLGATE_MASTER_KEY || env.LITELLM_MASTER_KEY : String(written)
  if (key === undefined) return undefined
  if (key.trim() === '') findings.error(subject, 'is empty, so the gateway would be open')
  else if (isDocumentedKey(key)) {
    // On this machine alone an example does no harm; `serve` refuses to listen further with it.
    findings.report(
      subject,
      'is an example from documentation that everybody knows; choose another before others can reach it',
    )
  }
  return new Secret(key)
}
