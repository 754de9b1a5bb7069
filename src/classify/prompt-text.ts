import type { ReminderMarkers } from '../core/auto-settings.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'

/** The envelope that coding agents use; LiteLLM's complexity router strips it by default too. */
export const DEFAULT_REMINDERS: readonly ReminderMarkers[] = [
  { open: '<system-reminder>', close: '</system-reminder>' },
]

const HEAD = 4_000
const TAIL = 1_000
const ELLIPSIS = '\n…\n'

/**
 * The text that a classifier judges: the last turn of the user that has any text once reminders are taken out; the
 * prompt of a completion; the input of an embedding. At most 5,000 characters: the first 4,000 and, of a longer text,
 * the end, since people put the question at either. Linear in the text; an odd shape gives '', never an error.
 */
export function promptText(request: Request, reminders: readonly ReminderMarkers[] = DEFAULT_REMINDERS): string {
  return clip(wholePromptText(request, reminders))
}

/** The same in full length. */
export function wholePromptText(request: Request, reminders: readonly ReminderMarkers[] = DEFAULT_REMINDERS): string {
  const { messages, prompt, input } = request.body
  if (!Array.isArray(messages)) return textOf(prompt ?? input).trim()
  for (let at = messages.length - 1; at >= 0; at--) {
    const text = textOfTurn(messages[at], 'user', reminders)
    if (text !== '') return text
  }
  return ''
}

/** Whether a request goes on with a turn of the user: its newest message is a tool's or holds no text of a human. */
export function isContinuation(request: Request, reminders: readonly ReminderMarkers[] = DEFAULT_REMINDERS): boolean {
  const { messages } = request.body
  return Array.isArray(messages) && textOfTurn(messages.at(-1), 'user', reminders) === ''
}

const PICTURES: readonly unknown[] = ['image_url', 'input_image', 'image']

/** Whether any message brings a picture. */
export function hasPicture(request: Request): boolean {
  const { messages } = request.body
  if (!Array.isArray(messages)) return false
  return messages.some(message => {
    const content = isObject(message) ? message.content : undefined
    return Array.isArray(content) && content.some(part => isObject(part) && PICTURES.includes(part.type))
  })
}

/** The first system (or developer) turn with text, bounded as `promptText` is. */
export function systemText(request: Request): string {
  const { messages } = request.body
  if (!Array.isArray(messages)) return ''
  for (const message of messages) {
    const text = textOfTurn(message, 'system', []) || textOfTurn(message, 'developer', [])
    if (text !== '') return clip(text)
  }
  return ''
}

/** The first `length` characters of a text, never half of one. */
export function startOf(text: string, length: number): string {
  return text.slice(0, isLowSurrogate(text, length) ? length - 1 : length)
}

/** The first `head` characters of a text and, when it is longer than both together, its end; never more than both. */
export function clip(text: string, head: number = HEAD, tail: number = TAIL): string {
  if (text.length <= head + tail) return text
  const from = text.length - tail + ELLIPSIS.length
  return startOf(text, head) + ELLIPSIS + text.slice(isLowSurrogate(text, from) ? from + 1 : from)
}

/** Takes out whole blocks, nested ones with what encloses them. A marker that is never closed is left as it is. */
export function withoutReminders(text: string, reminders: readonly ReminderMarkers[]): string {
  return reminders.reduce(withoutBlocks, text)
}

function textOfTurn(message: Json | undefined, role: string, reminders: readonly ReminderMarkers[]): string {
  if (!isObject(message) || message.role !== role) return ''
  return withoutReminders(textOf(message.content), reminders).trim()
}

/** A string, or the texts of a list of strings and text parts; token numbers, images and the like have none. */
function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  const texts: string[] = []
  for (const part of content) {
    const text = typeof part === 'string' ? part : isObject(part) ? textOfPart(part) : ''
    if (text !== '') texts.push(text)
  }
  return texts.join('\n')
}

function textOfPart(part: JsonObject): string {
  return typeof part.text === 'string' ? part.text : ''
}

/** One pass with a count of open blocks: the next opening and the next closing marker are each looked for once. */
function withoutBlocks(text: string, { open, close }: ReminderMarkers): string {
  if (open === '' || close === '') return text
  const lower = text.toLowerCase()
  // A few capitals grow when they are lowered; positions would be off.
  const searched = lower.length === text.length ? lower : text
  const opening = open.toLowerCase()
  const closing = close.toLowerCase()
  const kept: string[] = []
  let from = 0
  let depth = 0
  let start = searched.indexOf(opening)
  let end = searched.indexOf(closing, start)
  let outer = start
  while (end >= 0 && (start >= 0 || depth > 0)) {
    if (start >= 0 && start < end) {
      if (depth++ === 0) outer = start
      start = searched.indexOf(opening, start + opening.length)
      continue
    }
    if (depth > 0 && --depth === 0) {
      kept.push(text.slice(from, outer))
      from = end + closing.length
    }
    end = searched.indexOf(closing, end + closing.length)
  }
  return from === 0 ? text : kept.join('') + text.slice(from)
}

function isLowSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff
}
