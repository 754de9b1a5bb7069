import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { entryKeys, infoKeys, paramsKeys } from './deployment.ts'
import type { KeyTable } from './entry.ts'
import { generalKeys } from './general.ts'
import { litellmKeys } from './litellm.ts'
import { routerKeys } from './router.ts'

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')

const tables: readonly (readonly [string, KeyTable])[] = [
  ['model_list[]', entryKeys],
  ['litellm_params', paramsKeys],
  ['model_info', infoKeys],
  ['router_settings', routerKeys],
  ['litellm_settings', litellmKeys],
  ['general_settings', generalKeys],
]

it.each(tables)('docs/configuration.md counts the keys of %s', (name, keys) => {
  const marks = [...keys.values()].map(({ mark }) => mark)
  const counts = (['effect', 'planned', 'accept', 'accept!'] as const).map(
    mark => marks.filter(one => one === mark).length,
  )
  expect(page).toContain(`| \`${name}\` | ${counts.join(' | ')} |`)
})
