import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tollgateReference } from './tollgate.ts'

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')

describe('docs/configuration.md', () => {
  it.each(tollgateReference)('tells of %s', (path, form, meaning) => {
    const cell = (text: string) => text.replaceAll('|', '\\|')
    expect(page).toContain(`| \`${path.replace('tollgate_settings.', '')}\` | ${cell(form)} | ${cell(meaning)} |`)
  })
})
