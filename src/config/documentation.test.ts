import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { formatFinding } from './finding.ts'
import { loadConfig } from './load-config.ts'

const blocks = ['README.md', 'docs/money.md'].flatMap(name => {
  const page = readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
  return [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ''], index) => ({ name, index, text }))
})
const inline = [
  ...readFileSync(new URL('../../docs/money.md', import.meta.url), 'utf8').matchAll(/`((?:\w+_settings): \{.*?\})`/g),
].map(([, text = ''], index) => ({ name: 'docs/money.md, in a line', index, text: `${text}\n` }))

const env = {
  OPENAI_API_KEY: 'k',
  ANTHROPIC_API_KEY: 'k',
  TOLLGATE_MASTER_KEY: 'sk-somebody-has-chosen-this',
  DATABASE_URL: 'postgres://db.local/keys',
  REDIS_URL: 'redis://redis.local',
  ALERT_TOKEN: 't',
}

it.each([...blocks, ...inline])('the configuration of $name $index is right', ({ text }) => {
  const { findings } = loadConfig({ text: text.replaceAll(' URL ', ' https://alerts.local ') }, { env, tolerant: true })
  expect(findings.map(formatFinding).filter(line => !line.includes('model_list: has no deployment'))).toEqual([])
})

it('finds the examples', () => {
  expect(blocks.length).toBeGreaterThan(2)
  expect(inline.length).toBeGreaterThan(3)
})
