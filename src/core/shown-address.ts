import type { Deployment } from './deployment.ts'
import { remembered } from './remembered.ts'

/** An address as people and clients are shown it: without `user:word@` and without a query, which may hold a key. */
export function shownAddress(url: string): string {
  if (!URL.canParse(url)) return ''
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}

/** The same of a deployment's upstream: parsed once, as every answer tells it. */
export const shownBaseUrl: (deployment: Deployment) => string = remembered(({ baseUrl }) => shownAddress(baseUrl))
