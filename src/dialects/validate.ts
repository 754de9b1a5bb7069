import { Failure } from '../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { Operation } from '../core/request.ts'
import { FORBIDDEN_KEYS } from './control-keys.ts'

/** Refuses what no upstream could understand, with the name of the wrong member. Unknown parameters are nobody's error. */
export function validate(operation: Operation, body: JsonObject): void {
  if (typeof body.model !== 'string' || body.model.trim() === '') {
    throw invalid(
      'model',
      body.model === undefined ? 'is missing: name a pool or a model' : 'must be a non-empty string',
    )
  }
  if (body.model.length > MAX_NAME)
    throw new Failure('unknown_model', `there is no model whose name has more than ${MAX_NAME} characters`, {
      param: 'model',
      code: 'model_not_found',
    })
  if (body.fastest_response === true) throw invalid('fastest_response', NO_RACE)
  INPUTS[operation](body)
  checkMembers(body)
}

const NO_RACE = 'asks for a race of models, which tollgate does not run: name one, and others in fallbacks'

/** The longest name of a pool in a request: some are remembered, whether or not there are such pools. */
export const MAX_NAME = 1_000

/** Refuses members of a body, or of what stands in for a part of it, that cannot be meant. `where`: what goes before their names. */
export function checkMembers(body: JsonObject, where = ''): void {
  // By what is there: bodies have a few members, and the rules are about many.
  for (const name in body) {
    const value = body[name]
    if (value === undefined) continue
    if (FORBIDDEN.has(name))
      throw invalid(where + name, 'cannot be set by a request: it comes from the configuration alone')
    const check = CHECKS.get(name)
    if (!check && !READ.has(name)) refuseOtherCase(where, name)
    if (check && value !== null && !check.fits(value))
      throw invalid(where + name, `must be ${check.form}, not ${shown(value)}`)
  }
}

/** Members that decide what is asked for and what it may cost. */
const READ: ReadonlySet<string> = new Set(
  `model messages prompt input stream n best_of max_tokens max_completion_tokens service_tier speed tools modalities audio
   web_search_options`.split(/\s+/),
)

/**
 * Hosts written in Go read names in any case (https://pkg.go.dev/encoding/json#Unmarshal): `"N": 100` would be a number of answers there
 * and nothing here. Twice, as only so all letters fold as they do there.
 */
function refuseOtherCase(where: string, name: string): void {
  const meant = name.toUpperCase().toLowerCase()
  if (meant !== name && READ.has(meant))
    throw invalid(where + name, `must be written '${meant}': some hosts take it for that`)
}

const FORBIDDEN: ReadonlySet<string> = new Set(FORBIDDEN_KEYS)

interface Check {
  readonly form: string
  readonly fits: (value: Json) => boolean
}

const positiveInteger: Check = {
  form: 'an integer of at least 1',
  fits: value => Number.isInteger(value) && Number(value) >= 1,
}
const wholeNumber: Check = {
  form: 'an integer of at least 0',
  fits: value => Number.isInteger(value) && Number(value) >= 0,
}
const number: Check = { form: 'a number', fits: Number.isFinite }
const boolean: Check = { form: 'true or false', fits: value => typeof value === 'boolean' }
const seconds: Check = {
  form: 'a number of seconds above 0',
  fits: value => Number.isFinite(value) && Number(value) > 0,
}
const list: Check = { form: 'a list', fits: Array.isArray }
/** Every one of them may be looked up, whether or not there is such a pool. */
const fallbackList: Check = {
  form: 'a list of at most 100',
  fits: value => Array.isArray(value) && value.length <= 100,
}
const object: Check = { form: 'an object', fits: isObject }
const texts: Check = {
  form: 'a list of strings',
  fits: value => Array.isArray(value) && value.every(item => typeof item === 'string'),
}

const CHECKS: ReadonlyMap<string, Check> = new Map(
  Object.entries({
    stream: boolean,
    stream_options: object,
    max_tokens: positiveInteger,
    max_completion_tokens: positiveInteger,
    n: positiveInteger,
    best_of: positiveInteger,
    temperature: number,
    top_p: number,
    presence_penalty: number,
    frequency_penalty: number,
    tools: list,
    metadata: object,
    tags: texts,
    num_retries: wholeNumber,
    max_fallbacks: wholeNumber,
    timeout: seconds,
    stream_timeout: seconds,
    fallbacks: fallbackList,
    disable_fallbacks: boolean,
  }),
)

const INPUTS: Readonly<Record<Operation, (body: JsonObject) => void>> = {
  chat: ({ messages }) => {
    if (messages === undefined) throw invalid('messages', 'is missing')
    if (!Array.isArray(messages) || messages.length === 0)
      throw invalid('messages', 'must be a list with at least one message')
    for (const [index, message] of messages.entries()) {
      if (!isObject(message)) throw invalid(`messages[${index}]`, `must be an object, not ${shown(message)}`)
      if (typeof message.role !== 'string') throw invalid(`messages[${index}].role`, 'must be a string')
    }
  },
  completion: ({ prompt }) => {
    if (typeof prompt !== 'string' && !Array.isArray(prompt)) throw invalid('prompt', 'must be a string or a list')
  },
  embedding: ({ input }) => {
    if (typeof input !== 'string' && !Array.isArray(input)) throw invalid('input', 'must be a string or a list')
    if (input.length === 0) throw invalid('input', 'must not be empty')
  },
}

function invalid(param: string, what: string): Failure {
  return new Failure('invalid_request', `'${param}' ${what}`, { param, code: 'invalid_value' })
}

/** In process a value may be one that JSON has no text for, such as undefined in a list. */
function shown(value: Json | undefined): string {
  const text = String(JSON.stringify(value))
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
