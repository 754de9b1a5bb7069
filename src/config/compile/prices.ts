import { dirname, resolve } from 'node:path'
import { createPriceBook, type PriceBook } from '../../prices/book.ts'
import type { Findings } from '../finding.ts'
import type { TollgateValues } from '../keys/tollgate.ts'
import { isTree, type Section } from '../tree.ts'

/** What reading a price map needs. */
export interface PriceContext {
  readonly document: Section
  readonly findings: Findings
  readonly readFile: (path: string) => string
  /** Path of the main file, which the price map's is relative to. */
  readonly path: string
}

/** The price book with the operator's prices in it: `prices` over `price_map` over what is built in. */
export function openPriceBook(tollgate: TollgateValues, context: PriceContext): PriceBook {
  const file = tollgate.price_map
  const map = { ...(file === undefined ? {} : readMap(file, context)), ...tollgate.prices }
  if (Object.keys(map).length === 0) return createPriceBook()
  return createPriceBook({ map, mapSource: file === undefined ? 'map:tollgate_settings.prices' : `map:${file}` })
}

function readMap(file: string, context: PriceContext): Record<string, unknown> {
  const subject = context.document.section('tollgate_settings')?.subject('price_map') ?? { path: 'price_map' }
  let text: string
  try {
    text = context.readFile(resolve(dirname(context.path), file))
  } catch {
    context.findings.error(subject, `the file ${file} cannot be read`)
    return {}
  }
  try {
    const map: unknown = JSON.parse(text)
    if (isTree(map)) return map
  } catch {}
  context.findings.error(subject, `the file ${file} holds no JSON object`)
  return {}
}
