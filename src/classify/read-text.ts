import type { Answer } from '../core/answer.ts'
import { Failure } from '../core/failure.ts'
import { isObject, type JsonObject } from '../core/json.ts'

/**
 * Reads an answer to its end and gives back the text of its first choice, streamed or whole. What is longer than
 * `maxCharacters` is cut there and the answer abandoned. Rejects when the answer breaks off, is left or makes no sense.
 */
export function readText(answer: Answer, maxCharacters = 1_000): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    answer.read({
      frame(frame) {
        try {
          for (const object of frame.objects) text += textOfObject(object)
        } catch (error) {
          const failure = new Failure('bad_answer', 'the answer is not readable as JSON', { cause: error })
          reject(failure)
          answer.abandon(failure)
          return false
        }
        if (text.length < maxCharacters) return true
        resolve(text.slice(0, maxCharacters))
        answer.abandon(new Failure('cancelled', `nobody reads more than ${maxCharacters} characters of this answer`))
        return false
      },
      end(end) {
        if (end.outcome === 'complete') resolve(text)
        else reject(end.failure ?? new Failure('broken_off', 'the answer ended before it was complete'))
      },
    })
  })
}

/** The text of a chat answer, of a chunk of one, or of a completion. */
function textOfObject(object: JsonObject): string {
  const choices = object.choices
  const choice = Array.isArray(choices) ? choices[0] : undefined
  if (!isObject(choice)) return ''
  const message = choice.message ?? choice.delta
  const content = isObject(message) ? message.content : choice.text
  return typeof content === 'string' ? content : ''
}
