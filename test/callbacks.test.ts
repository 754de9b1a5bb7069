import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load-config.ts'
import { createGateway } from '../src/gateway/server.ts'
import { open } from '../src/open-assembly.ts'
import type { CallbackPayload, InputPayload, ServiceFault } from '../src/telemetry/index.ts'
import { fault } from '../src/testing/index.ts'
import { memoryTracer } from './support/memory-tracer.ts'
import { post } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const messages = [{ role: 'user', content: 'the secret recipe' }]

interface Setup {
  readonly litellm?: object
  readonly params?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
  readonly refuse?: boolean
}

/** One call to a gateway whose callback keeps what it is told. */
async function told(setup: Setup = {}) {
  const payloads: CallbackPayload[] = []
  const inputs: InputPayload[] = []
  const keep = (payload: CallbackPayload) => payloads.push(payload)
  const upstream = await stage.upstream()
  if (setup.refuse) upstream.next(fault.status(400, { message: 'the prompt "the secret recipe" is bad' }))
  const entry = { pool: 'm', baseUrl: upstream.baseUrl, params: setup.params ?? {} }
  const yaml = `${modelList(entry)}${PLAIN}litellm_settings: ${JSON.stringify(setup.litellm ?? {})}\n`
  const { tracer, spans } = memoryTracer()
  const { baseUrl, assembly, lines } = await stage.gateway(yaml, {
    tracer,
    success: [keep],
    failure: [keep],
    input: [payload => inputs.push(payload)],
  })
  const body = { model: 'm', messages, temperature: 0, ...setup.body }
  await post(`${baseUrl}/chat/completions`, body, setup.headers)
  await assembly.flush()
  return { payloads, inputs, payload: payloads[0], lines, spans }
}

describe('what callbacks are told', () => {
  it('is the call with its answer, its parameters and how its cost came about', async () => {
    const { payload, inputs } = await told({ litellm: { cost_discount_config: { openai: 0.5 } } })
    expect(payload).toMatchObject({
      status: 'success',
      messages,
      response: { object: 'chat.completion', choices: [{ message: { content: expect.stringContaining('secret') } }] },
      model_parameters: { temperature: 0 },
      hidden_params: {
        litellm_model_name: 'openai/gpt-4o-mini',
        usage_object: { prompt_tokens: 20, completion_tokens: 15 },
      },
      response_cost: 0.000025,
      cost_breakdown: {
        input_cost: 0.00002,
        output_cost: 0.00003,
        original_cost: 0.00005,
        discount_percent: 0.5,
        discount_amount: 0.000025,
        total_cost: 0.000025,
      },
    })
    expect(inputs[0]).toMatchObject({ id: payload?.id, trace_id: payload?.trace_id, messages, model_group: 'm' })
  })

  it('puts the answer of a stream together', async () => {
    const { payload } = await told({ body: { stream: true } })
    expect(payload?.response).toMatchObject({
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          finish_reason: 'stop',
          message: { role: 'assistant', content: 'Mock answer to: "the secret recipe"' },
        },
      ],
    })
  })

  it('says which deployment has no price', async () => {
    const params = { model: 'openai/nobody-knows', input_cost_per_token: null, output_cost_per_token: null }
    const { payload } = await told({ params })
    expect(payload?.response_cost_failure_debug_info?.error_str).toContain('no price is known for openai/nobody-knows')
  })
})

describe('what is kept from callbacks', () => {
  const secretless = (value: unknown) => expect(JSON.stringify(value)).not.toContain('secret recipe')

  it.each<[string, Setup]>([
    ['by the operator', { litellm: { turn_off_message_logging: true } }],
    ['by a deployment', { params: { turn_off_message_logging: true } }],
    ['by the client', { headers: { 'x-litellm-enable-message-redaction': 'true' } }],
  ])('prompt and answer, %s', async (_, setup) => {
    const { payload } = await told(setup)
    expect(payload).toMatchObject({ status: 'success', model_parameters: { temperature: 0 } })
    secretless(payload)
  })

  it.each<[string, Setup, number]>([
    ['no-log', { body: { 'no-log': true } }, 0],
    [
      'no-log where that is not obeyed',
      { body: { 'no-log': true }, litellm: { global_disable_no_log_param: true } },
      1,
    ],
    ['a header', { headers: { 'x-litellm-disable-callbacks': 'other, keep' } }, 0],
    [
      'a header that is not obeyed',
      { headers: { 'x-litellm-disable-callbacks': 'keep' }, litellm: { allow_dynamic_callback_disabling: false } },
      1,
    ],
    ['a deployment', { params: { litellm_disabled_callbacks: ['keep'] } }, 0],
  ])('a call, by %s', async (_, setup, times) => {
    expect((await told(setup)).payloads).toHaveLength(times)
  })

  it('fields, streamed answers, keys and user agents', async () => {
    const litellm = {
      standard_logging_payload_excluded_fields: ['api_base', 'hidden_params'],
      disable_streaming_logging: true,
      disable_add_user_agent_to_request_tags: true,
      extra_spend_tag_headers: ['X-Team'],
      redact_user_api_key_info: true,
    }
    const headers = { 'x-team': 'red', 'user-agent': 'me/1' }
    const { payload, lines } = await told({ litellm, headers, body: { stream: true, user: 'jane' } })
    expect(payload).not.toHaveProperty('api_base')
    expect(payload).not.toHaveProperty('hidden_params')
    expect(payload).not.toHaveProperty('response')
    expect(payload?.model_parameters).not.toHaveProperty('user')
    expect(payload?.request_tags).toEqual(['x-team: red'])
    expect((await lines())[0]?.tags).toEqual(['x-team: red'])
    const plain = await told({ headers, body: { user: 'jane' } })
    expect(plain.payload?.request_tags).toEqual(['User-Agent: me', 'User-Agent: me/1'])
    expect(plain.payload?.model_parameters).toMatchObject({ user: 'jane' })
  })

  it('texts of errors, which may quote a prompt', async () => {
    const open = await told({ refuse: true })
    expect(open.payload).toMatchObject({ status: 'failure', error_str: expect.stringContaining('secret recipe') })
    const litellm = { redact_messages_in_exceptions: true, turn_off_message_logging: true }
    const { payload, lines, spans } = await told({ refuse: true, litellm })
    expect(payload).toMatchObject({ error_str: 'rejected (400)', error_information: { error_class: 'rejected' } })
    secretless([payload, await lines(), (await spans()).map(span => [span.attributes, span.status, span.events])])
  })

  it('spans, where the client says so', async () => {
    const { spans } = await told({ headers: { 'x-litellm-disable-callbacks': 'otel' } })
    expect(await spans()).toEqual([])
  })
})

describe('callbacks in a configuration', () => {
  it('are modules beside it, for calls that begin, end and fail, and for faults of services', async () => {
    const folder = stage.folder()
    const told: { kind: string; payload: CallbackPayload & InputPayload & ServiceFault }[] = []
    Object.assign(globalThis, { tollgateTestTold: told })
    const one = (kind: string) =>
      `export const ${kind} = payload => globalThis.tollgateTestTold.push({ kind: '${kind}', payload })`
    writeFileSync(join(folder, 'own.mjs'), ['ended', 'begun', 'faults'].map(one).join('\n'))
    const upstream = await stage.upstream()
    const settings = {
      callbacks: ['./own.mjs#ended'],
      input_callback: './own.mjs#begun',
      service_callback: ['./own.mjs#faults'],
    }
    const text = `${modelList({ pool: 'm', baseUrl: upstream.baseUrl })}${PLAIN}litellm_settings: ${JSON.stringify(settings)}\n`
    const throws = () => {
      throw new Error('a fault of its own')
    }
    const assembly = await open(loadConfig({ text }, { env: {} }), {
      path: join(folder, 'config.yaml'),
      env: {},
      success: [throws],
      warn: () => {},
    })
    stage.later(() => assembly.close())
    const gateway = createGateway(assembly.router)
    stage.later(() => gateway.stop(0))
    const url = await gateway.listen({ port: 0 })
    await post(`${url}/v1/chat/completions`, { model: 'm', messages })
    await post(
      `${url}/v1/chat/completions`,
      { model: 'm', messages },
      { 'x-litellm-disable-callbacks': './own.mjs#ended' },
    )
    await assembly.flush()
    expect(told.map(({ kind }) => kind)).toEqual(['begun', 'ended', 'faults', 'begun', 'faults'])
    expect(told[2]?.payload).toMatchObject({ service: 'callbacks', is_error: true, error: 'a fault of its own' })
  })
})
