import type { Attempt } from '../../core/call.ts'
import { Failure } from '../../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { defaultMembers } from '../defaults.ts'
import { withExact } from '../exact-members.ts'
import { type Conversation, writeConversation } from './messages.ts'
import { type ModelTraits, traitsOf } from './model.ts'
import { type OutputFormat, writeOutputFormat } from './output-format.ts'
import {
  defaultMaxTokens,
  givenMaxTokens,
  passedOn,
  sampling,
  serviceTier,
  stopSequences,
  userMetadata,
} from './parameters.ts'
import { invalid, type Target, unsupported } from './refusal.ts'
import { type Thinking, type ThinkingRoom, writeThinking } from './thinking.ts'
import { forcesTool, writeToolChoice, writeTools } from './tools.ts'

/** Written in a way of their own; everything else is passed on, or refused, by `passedOn`. */
const TRANSLATED = [
  'model messages stream stream_options max_tokens max_completion_tokens temperature top_p top_k stop',
  'tools tool_choice parallel_tool_calls reasoning_effort thinking response_format output_config',
  'user safety_identifier metadata service_tier',
].flatMap(names => names.split(' '))

/** Members that hold JSON schemas. */
const SCHEMAS: readonly string[] = ['tools', 'response_format', 'output_config']

/** From this version on the API refuses every sampling parameter, whatever the model. */
const VERSION_WITHOUT_SAMPLING = '2026-10-21'

/** A request as it goes out. */
export interface WrittenRequest {
  readonly body: JsonObject
  /** Parameters that were asked for and left out. */
  readonly dropped: readonly string[]
}

/**
 * Writes OpenAI's chat completion request as a body for `POST /v1/messages`, as `version` of the API has it.
 * https://platform.claude.com/docs/en/api/messages/create
 * @throws Failure `invalid_request` with the parameter that cannot be written.
 */
export function writeRequest(attempt: Attempt, version: string): WrittenRequest {
  const { deployment, request } = attempt
  if (request.operation !== 'chat') {
    throw new Failure('invalid_request', `Anthropic has no ${request.operation} endpoint: send chat completions`)
  }
  const { drop } = deployment.parameters
  const client = present(withExact(request, SCHEMAS), drop)
  const defaults = present(deployment.defaults, drop)
  const body = { ...client, ...defaultMembers(client, defaults) }
  const target: Target = {
    deployment,
    dropped: drop.filter(name => isThere(request.body[name] ?? deployment.defaults[name])),
  }
  const traits = traitsAt(deployment.model, version)
  const conversation = writeConversation(body.messages)
  const given = givenMaxTokens(client, defaults)
  const room = {
    traits,
    maxTokens: given ?? Number.MAX_SAFE_INTEGER,
    thoughtsLost: conversation.thoughtsLost,
    toolForced: forcesTool(body.tool_choice),
  }
  const { thinking, effort } = reasoning(body, target, room)
  const output = writeOutputFormat(body.response_format, target)
  const written = {
    ...passedOn(present(body, TRANSLATED), target),
    model: deployment.model,
    max_tokens: given ?? defaultMaxTokens(deployment.limits.maxOutputTokens, thinking),
    ...instructions(conversation, output),
    messages: conversation.messages.map(({ role, content }) => ({ role, content })),
    ...sampling(body, target, { traits, thinking }),
    ...stopSequences(body.stop),
    ...toolParameters(body),
    ...(thinking && { thinking }),
    ...outputConfig(body.output_config, effort, output.format),
    ...userMetadata(body),
    ...serviceTier(body.service_tier, target),
    ...(request.streamed && { stream: true }),
  }
  return { body: written, dropped: target.dropped }
}

function isThere(value: Json | undefined): boolean {
  return value !== undefined && value !== null
}

/** Without nulls, which OpenAI's clients send for what they leave open, and without `left` names. */
function present(body: JsonObject, left: readonly string[]): JsonObject {
  const kept: Record<string, Json> = {}
  for (const [key, value] of Object.entries(body)) {
    if (value !== undefined && value !== null && !left.includes(key)) kept[key] = value
  }
  return kept
}

function traitsAt(model: string, version: string): ModelTraits {
  const traits = traitsOf(model)
  return version >= VERSION_WITHOUT_SAMPLING ? { ...traits, fixedSampling: true } : traits
}

/** The client's own `thinking` goes before what `reasoning_effort` would become. */
function reasoning(body: JsonObject, target: Target, room: ThinkingRoom): Thinking {
  const { thinking } = body
  if (thinking !== undefined && !isObject(thinking)) throw invalid('thinking', 'must be an object')
  const own = thinking ? { thinking } : {}
  if (body.reasoning_effort !== undefined && target.deployment.limits.supports.reasoning === false) {
    unsupported(target, 'reasoning_effort', 'does not reason')
    return own
  }
  const asked = { ...writeThinking(body.reasoning_effort, room), ...own }
  const lost = body.reasoning_effort !== undefined && body.reasoning_effort !== 'none' && !Object.keys(asked).length
  if (lost) target.dropped.push('reasoning_effort')
  return asked
}

function instructions(conversation: Conversation, output: OutputFormat): JsonObject {
  const { system } = conversation
  if (output.instruction === undefined) return system === undefined ? {} : { system }
  if (typeof system === 'object') return { system: [...system, { type: 'text', text: output.instruction }] }
  return { system: system === undefined ? output.instruction : `${system}\n\n${output.instruction}` }
}

function toolParameters(body: JsonObject): JsonObject {
  const tools = writeTools(body.tools)
  const choice = writeToolChoice(body.tool_choice, body.parallel_tool_calls, tools !== undefined)
  return { ...(tools && { tools }), ...(choice && { tool_choice: choice }) }
}

function outputConfig(own: Json | undefined, effort: string | undefined, format: JsonObject | undefined): JsonObject {
  if (own !== undefined && !isObject(own)) throw invalid('output_config', 'must be an object')
  const config = { ...(effort && { effort }), ...(format && { format }), ...own }
  return Object.keys(config).length > 0 ? { output_config: config } : {}
}
