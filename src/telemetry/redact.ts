import type { Deployment } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import { DEFAULT_LOGGING, type LoggingRules } from '../core/logging.ts'

/** No message in a record is longer, in characters. Some upstreams answer errors with a page of HTML. */
export const MAX_MESSAGE = 1000

const MASK = '***'

/** What keys look like, for those that no deployment of ours owns. Each pattern is linear in the text. */
const KEY_SHAPES: readonly RegExp[] = [
  /\b(?:sk|pk|rk|xai|gsk|hf|r8|pplx|fw|csk|nvapi|tgp|ghp|glpat)[-_][\w*.-]{6,}/gi,
  /\bAIza[\w*-]{8,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{8,}/g,
  /\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g,
  /(?<=\b(?:bearer|basic)\s{1,4})[\w.~+/*=-]{6,}/gi,
  /(?<=\b(?:x-)?api[-_ ]?key(?: provided)?["']?\s{0,2}[:=]\s{0,2}["']?)[\w.~+/*=%-]{6,}/gi,
  /(?<=[?&](?:key|api_key|api-key|token|access_token|sig|signature)=)[^&\s"']+/gi,
  /(?<=:\/\/)[^/\s:@]{1,128}:[^/\s@]{1,256}(?=@)/g,
]

const SECRET_HEADER = /auth|key|token|secret|cookie|password/i

/** The message of a failure without credentials and not too long. Causes are never shown: nobody knows what they hold. */
export function failureMessage(
  failure: Failure,
  deployments: readonly Deployment[],
  { errorTexts }: Pick<LoggingRules, 'errorTexts'> = DEFAULT_LOGGING,
): string {
  if (!errorTexts)
    return failure.upstreamStatus === undefined ? failure.kind : `${failure.kind} (${failure.upstreamStatus})`
  // A margin before the masks, so that no key is cut in two and thereby spared; then the real limit.
  let text = failure.message.slice(0, MAX_MESSAGE * 4)
  for (const deployment of deployments) text = maskKeysOf(deployment, text)
  for (const shape of KEY_SHAPES) text = text.replace(shape, MASK)
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE - 1)}…` : text
}

function maskKeysOf(deployment: Deployment, text: string): string {
  let masked = deployment.apiKey ? maskKey(deployment.apiKey.reveal(), text) : text
  for (const name in deployment.headers)
    if (SECRET_HEADER.test(name)) masked = maskKey(credentialOf(deployment.headers[name]?.reveal() ?? ''), masked)
  return masked
}

/** `Bearer abc` is as secret as `abc`. */
function credentialOf(header: string): string {
  return header.slice(header.indexOf(' ') + 1)
}

/** Masks the key, its base64 and URL-encoded forms, and its beginning, which is enough to recognise it. */
function maskKey(key: string, text: string): string {
  if (key.length < 4) return text
  const base64 = Buffer.from(key).toString('base64')
  const forms = [key, encodeURIComponent(key), base64, base64.replace(/=+$/, '')]
  if (key.length > 12) forms.push(...forms.map(form => form.slice(0, 12)))
  return forms.reduce((masked, form) => masked.replaceAll(form, MASK), text)
}
