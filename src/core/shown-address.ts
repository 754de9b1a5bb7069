import type { Deployment } from './deployment.ts'

/** An address as people and clients are shown it: without `user:word@` and without a query, which may hold a key. */
export function shownAddress(url: string): string {
  if (!URL.canParse(url)) return ''
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}

/** Parsed once per deployment: every answer tells it. */
const shown = new WeakMap<Deployment, string>()

/** The same of a deployment's upstream. */
export function shownBaseUrl(deployment: Deployment): string {
  const known = shown.get(deployment)
  if (known !== undefined) return known
  const address = shownAddress(deployment.baseUrl)
  shown.set(deployment, address)
  return address
}
