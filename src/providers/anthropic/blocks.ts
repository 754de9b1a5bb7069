import { isObject, type Json, type JsonObject } from '../../core/json.ts'

/** A piece of an answer as a `delta` of OpenAI's, and how much of it the model generated. */
export interface Piece {
  readonly delta: JsonObject
  /** Whether it is part of the answer, as opposed to a seal or a signature. */
  readonly content: boolean
  /** Of generated text. */
  readonly bytes: number
}

type Block =
  | { readonly kind: 'text' }
  | { readonly kind: 'tool'; readonly index: number; readonly input: Json | undefined; written: boolean }
  | { readonly kind: 'thinking'; thinking: string; signature: string }
  | { readonly kind: 'redacted'; readonly data: string }

/** Follows the content blocks of one stream. Blocks that OpenAI's dialect has no place for (server tools) say nothing. */
export class BlockReader {
  readonly #open = new Map<Json | undefined, Block>()
  #tools = 0

  /** `content_block_start` */
  start(index: Json | undefined, block: JsonObject): Piece | undefined {
    switch (block.type) {
      case 'text':
        this.#open.set(index, { kind: 'text' })
        return textPiece('content', block.text)
      case 'thinking':
        this.#open.set(index, {
          kind: 'thinking',
          thinking: string(block.thinking),
          signature: string(block.signature),
        })
        return textPiece('reasoning_content', block.thinking)
      case 'redacted_thinking':
        this.#open.set(index, { kind: 'redacted', data: string(block.data) })
        return undefined
      case 'tool_use':
        return this.#startTool(index, block)
      default:
        return undefined
    }
  }

  /** `content_block_delta` */
  delta(index: Json | undefined, delta: JsonObject): Piece | undefined {
    const block = this.#open.get(index)
    switch (delta.type) {
      case 'text_delta':
        return textPiece('content', delta.text)
      case 'input_json_delta':
        return block?.kind === 'tool' ? argumentsPiece(block, string(delta.partial_json)) : undefined
      case 'thinking_delta':
        if (block?.kind === 'thinking') block.thinking += string(delta.thinking)
        return textPiece('reasoning_content', delta.thinking)
      case 'signature_delta':
        if (block?.kind === 'thinking') block.signature += string(delta.signature)
        return undefined
      default:
        return undefined
    }
  }

  /** `content_block_stop` */
  stop(index: Json | undefined): Piece | undefined {
    const block = this.#open.get(index)
    this.#open.delete(index)
    switch (block?.kind) {
      case 'tool':
        return block.written ? undefined : argumentsPiece(block, JSON.stringify(block.input ?? {}))
      case 'thinking':
        return thoughtPiece({ type: 'thinking', thinking: block.thinking, signature: block.signature })
      case 'redacted':
        return thoughtPiece({ type: 'redacted_thinking', data: block.data })
      default:
        return undefined
    }
  }

  /** OpenAI counts tool calls only, Anthropic all blocks. */
  #startTool(blockIndex: Json | undefined, block: JsonObject): Piece {
    const index = this.#tools++
    this.#open.set(blockIndex, { kind: 'tool', index, input: block.input, written: false })
    const call = {
      index,
      id: string(block.id),
      type: 'function',
      function: { name: string(block.name), arguments: '' },
    }
    return { delta: { tool_calls: [call] }, content: true, bytes: Buffer.byteLength(string(block.name)) }
  }
}

function argumentsPiece(block: Extract<Block, { kind: 'tool' }>, json: string): Piece | undefined {
  if (json === '') return undefined
  block.written = true
  const call = { index: block.index, function: { arguments: json } }
  return { delta: { tool_calls: [call] }, content: true, bytes: Buffer.byteLength(json) }
}

function textPiece(field: string, text: Json | undefined): Piece | undefined {
  if (typeof text !== 'string' || text === '') return undefined
  return { delta: { [field]: text }, content: true, bytes: Buffer.byteLength(text) }
}

/** Whole, because its signature comes last and is worth nothing apart from its text. */
function thoughtPiece(block: JsonObject): Piece {
  return { delta: { thinking_blocks: [block] }, content: false, bytes: 0 }
}

function string(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** The object under `name`, or an empty one. */
export function objectIn(value: JsonObject, name: string): JsonObject {
  const inner = value[name]
  return isObject(inner) ? inner : {}
}
