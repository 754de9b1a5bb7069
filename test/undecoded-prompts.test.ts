import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { KeyStage } from './support/key-stage.ts'

let stage: KeyStage
beforeAll(async () => {
  stage = await KeyStage.open({ yaml: 'router_settings: { enable_pre_call_checks: true }\n' })
})
afterAll(() => stage.stage.clear())
afterEach(() => vi.restoreAllMocks())

const LONG = 'a long story \\ "and so on" '.repeat(4_000)

it.each([
  ['a text', LONG],
  ['parts', [{ type: 'text', text: LONG }]],
])('a prompt of %s that only passes by is never decoded', async (_, content) => {
  const { key } = (await stage.ask('/key/generate', { max_budget: 100, rpm_limit: 1_000, tpm_limit: 10_000_000 })).body
  const body = JSON.stringify({ model: 'small', messages: [{ role: 'user', content }] })
  const parse = vi.spyOn(JSON, 'parse')
  const answer = await fetch(`${stage.served.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body,
  })
  expect(answer.status).toBe(200)
  const decoded = parse.mock.calls.filter(([text]) => text.length > LONG.length && text.startsWith('"'))
  expect(decoded).toEqual([])
  expect(stage.upstream.log.at(-1)?.body).toMatchObject({ messages: [{ role: 'user', content }] })
})
