import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureBuilt } from './support/child.ts'
import { type ServedProcess, serveProcess } from './support/serve.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
let served: ServedProcess
beforeAll(async () => {
  await ensureBuilt()
  const { baseUrl } = await stage.upstream()
  served = await serveProcess(stage, modelList({ pool: 'small', baseUrl }))
}, 60_000)
afterAll(() => stage.clear())

const chat = (more: object = {}) => ({ model: 'small', messages: [{ role: 'user', content: 'hi' }], ...more })

it.each<[string, string, object, number, number]>([
  ['a model that there is not', '/v1/chat/completions', chat({ model: 'nobody' }), 404, 429],
  ['a path that there is not', '/v1/chat/nothing', chat(), 404, 200],
  ['a body that nobody could understand', '/v1/chat/completions', chat({ messages: 7 }), 400, 200],
])('with one request per minute, after %s', async (_, path, body, first, second) => {
  const key = await served.key({ rpm_limit: 1 })
  expect((await served.ask(path, body, key)).status).toBe(first)
  expect((await served.chat('small', key)).status).toBe(second)
  expect((await served.chat('small', key)).status).toBe(429)
})
