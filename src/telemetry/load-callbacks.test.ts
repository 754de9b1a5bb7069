import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CallbackPayload } from './callback-payload.ts'
import { loadCallbacks } from './load-callbacks.ts'

let directory = ''

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tollgate-callbacks-'))
  writeFileSync(join(directory, 'mine.mjs'), 'export default () => "default"\nexport const other = () => "other"')
  writeFileSync(join(directory, 'broken.mjs'), 'export default ((')
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

const payload = {} as CallbackPayload

test('modules are found beside the configuration, by default export or by name', async () => {
  const names = ['./mine.mjs', 'mine.mjs:other', join(directory, 'mine.mjs')]
  const { callbacks } = await loadCallbacks(names, { directory })
  expect(callbacks.map(callback => callback(payload))).toEqual(['default', 'other', 'default'])
})

test('names are built in, registered, or unknown', async () => {
  const registered = { ledger: () => 'registered' }
  const names = ['otel', 'ledger', 'langfuse', 'jsonl', 'otel', () => 'function', 'custom_callbacks.my_handler']
  const loaded = await loadCallbacks(names, { directory, registered })
  expect(loaded.callbacks.map(callback => callback(payload))).toEqual(['registered', 'function'])
  expect(loaded.builtIn).toEqual(['otel', 'jsonl'])
  expect(loaded.unknown).toEqual(['langfuse', 'custom_callbacks.my_handler'])
})

test.each([
  ['./absent.mjs', /absent\.mjs cannot be loaded/],
  ['./broken.mjs', /broken\.mjs cannot be loaded/],
  ['./mine.mjs:nothing', /exports no function "nothing"; its functions are: default, other/],
])('%s is refused with what is wrong', async (name, message) => {
  await expect(loadCallbacks([name], { directory })).rejects.toThrow(message)
})
