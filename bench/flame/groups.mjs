// To whom a function belongs, by where its source stands.
import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

export const GROUPS = {
  'node: http, sockets, streams': '#8ecae6',
  'node: other': '#c9d6df',
  'system and native code': '#adb5bd',
  'garbage collector': '#6c757d',
  fastify: '#b5e48c',
  undici: '#76c893',
  'other packages': '#dee2e6',
  'tollgate: gateway': '#ffb703',
  'tollgate: routing and layers': '#fb8500',
  'tollgate: dialects and providers': '#ffd166',
  'tollgate: keys, limits, money': '#ef476f',
  'tollgate: telemetry': '#c77dff',
  opentelemetry: '#e0aaff',
}

const OF_SOURCE = [
  ['tollgate: gateway', /\/src\/(gateway|cli|management)\//],
  ['tollgate: dialects and providers', /\/src\/(dialects|providers|classify)\//],
  ['tollgate: keys, limits, money', /\/src\/(ledger|store|access|state|prices|layers\/(budget|limits|meter|account))/],
  ['tollgate: telemetry', /\/src\/(telemetry|insight|layers\/trace)/],
  ['tollgate: routing and layers', /\/src\//],
  ['fastify', /node_modules\/(fastify|@fastify|find-my-way|avvio|light-my-request|fast-|secure-json|rfdc|toad-cache)/],
  ['undici', /node_modules\/undici\/|node:internal\/deps\/undici/],
  ['opentelemetry', /node_modules\/@opentelemetry\//],
  ['node: http, sockets, streams', /^node:(_http|http|net|internal\/(stream|streams|http|net)|_stream|stream)/],
  ['node: other', /^node:/],
  ['other packages', /node_modules\//],
]

const OURSELVES = /\/bench\/child\.mjs$/

/** @param frame of a V8 profile. @returns its group and the name to show; undefined for what is no work of the gateway. */
export function groupOf({ functionName, url, lineNumber, columnNumber }) {
  if (functionName === '(idle)' || OURSELVES.test(url)) return undefined
  if (functionName === '(garbage collector)') return { group: 'garbage collector', name: 'garbage collector' }
  if (url === '')
    return { group: 'system and native code', name: functionName === '(program)' ? 'system' : functionName }
  const { source, name } = original({ url, lineNumber, columnNumber })
  const [group] = OF_SOURCE.find(([, pattern]) => pattern.test(source)) ?? ['other packages']
  // The bundler numbers functions that share a name.
  const own = (functionName || name || '(anonymous)').replace(/\$\d+$/, '')
  return { group, name: `${own} ${shortened(source)}`.trim() }
}

/** The file without what leads to it. */
function shortened(source) {
  const [, inside] = /\/src\/(.*)$|node_modules\/(.*)$|^(node:.*)$/.exec(source)?.filter(Boolean) ?? []
  return inside ?? source.split('/').at(-1)
}

const maps = new Map()

/** Where a bundled function comes from. */
function original({ url, lineNumber, columnNumber }) {
  const entry = mapOf(url)?.findEntry(lineNumber, columnNumber)
  return { source: entry?.originalSource ?? url, name: entry?.name }
}

function mapOf(url) {
  if (!maps.has(url)) maps.set(url, readMap(url))
  return maps.get(url)
}

function readMap(url) {
  if (!url.startsWith('file:')) return undefined
  const path = `${fileURLToPath(url)}.map`
  if (!existsSync(path)) return undefined
  const payload = JSON.parse(readFileSync(path, 'utf8'))
  // As if they stood in the root, so that every source has the same form.
  payload.sources = payload.sources.map(source => source.replace(/^(\.\.\/)+/, '/'))
  return new SourceMap(payload)
}
