import { afterEach, expect, it } from 'vitest'
import { JSON_HEADERS, post, raw } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const messages = [{ role: 'user', content: 'hi' }]

it('tells the client and the line which parameters an upstream was not sent', async () => {
  const upstream = await stage.upstream()
  const params = { drop_params: true, additional_drop_params: ['top_p'] }
  const entry = { pool: 'm', baseUrl: upstream.baseUrl, model: 'mistral/mistral-small', params }
  const { baseUrl, lines } = await stage.gateway(modelList(entry) + PLAIN)
  const body = { model: 'm', messages, top_p: 0.5, logprobs: true, seed: 7, temperature: 0 }
  const answer = await post(`${baseUrl}/chat/completions`, body)
  expect(answer.status).toBe(200)
  expect(answer.headers['x-tollgate-dropped-params']).toBe('top_p,logprobs')
  expect(upstream.log[0]?.body).toMatchObject({ random_seed: 7, temperature: 0 })
  expect(upstream.log[0]?.body).not.toHaveProperty('top_p')
  const [line] = await lines()
  expect(line?.attempts[0]?.dropped_params).toEqual(['top_p', 'logprobs'])
})

it('says nothing where nothing was left out', async () => {
  const upstream = await stage.upstream()
  const { baseUrl, lines } = await stage.gateway(modelList({ pool: 'm', baseUrl: upstream.baseUrl }) + PLAIN)
  const body = JSON.stringify({ model: 'm', messages, stream: true, seed: 7 })
  const answer = await raw(`${baseUrl}/chat/completions`, { headers: JSON_HEADERS, body })
  expect(answer.headers).not.toHaveProperty('x-tollgate-dropped-params')
  expect((await lines())[0]?.attempts[0]).not.toHaveProperty('dropped_params')
})
