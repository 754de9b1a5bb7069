import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Request } from '../core/request.ts'
import { keywordRules } from './rules.ts'

const request: Request = { operation: 'chat', body: {}, streamed: false }
const rules = keywordRules()
const taskOf = (text: string, classifier = rules) => classifier({ text, request })?.task

describe('keywordRules', () => {
  it.each([
    ['math', 'What is 17 * 43 + 100?'],
    ['math', 'Solve the equation 3x + 5 = 20.'],
    ['math', 'Tom has 12 apples and buys 3 bags of 7 apples. How many apples does he have?'],
    ['math', 'Prove that there are infinitely many primes.'],
    ['math', 'Evaluate $\\int_0^1 x^2 dx$'],
    ['code', 'Write a function that reverses a list'],
    ['code', 'Debug this:\n```\nx = 1\n```'],
    ['code', 'SELECT name FROM users WHERE id = 3 is slow, why?'],
    ['code', 'please write me a small Dart app'],
    ['code', 'Why is this wrong?\ndef area(r):\n    return r * r'],
    ['creative', 'Write a story about a lighthouse keeper'],
    ['creative', 'Could you compose a short, funny birthday song for my aunt?'],
    ['creative', 'I need marketing copy for a bakery'],
    ['creative', 'Escribe un poema sobre el mar'],
    ['default', 'Translate to French: good morning'],
    ['default', 'Which planet is largest?\nA. Mars\nB. Jupiter\nC. Venus\nAnswer:'],
  ])('names %s: %s', (task, text) => {
    expect(taskOf(text)).toBe(task)
  })

  it.each([
    ['nothing speaks', 'Is the shop open today?'],
    ['two tasks speak', 'Write a poem about debugging JavaScript'],
    ['a word is only part of another', 'My grandmother likes the descriptive styles of resolved matters'],
    ['an amount is asked without numbers', 'How many people live there?'],
    ['there is no text', ''],
  ])('is not sure when %s', (_, text) => {
    expect(taskOf(text)).toBeUndefined()
  })

  it('says by whom and which signs decided, strongest first', () => {
    const classification = rules({ text: 'Please refactor the given Python', request })
    expect(classification).toEqual({ task: 'code', by: 'rules', reason: 'refactor, python, given' })
  })

  it("lets the operator's words replace the lists of the tasks they name, and only those", () => {
    const own = keywordRules({ code: ['Widget Forge'], legal: ['contract', '§'] })
    expect(taskOf('a question on the widget-forge', own)).toBe('code')
    expect(taskOf('debug this javascript', own)).toBeUndefined()
    expect(taskOf('```\nx\n```', own)).toBeUndefined()
    expect(taskOf('my contract', own)).toBe('legal')
    expect(taskOf('what does § 5 mean?', own)).toBe('legal')
    expect(taskOf('contractual matters', own)).toBeUndefined()
    expect(taskOf('a contract on the widget forge', own)).toBeUndefined()
    expect(taskOf('Write a story about a fox', own)).toBe('creative')
  })

  it('silences a task whose list is empty', () => {
    expect(taskOf('Write a story about a fox', keywordRules({ creative: [] }))).toBeUndefined()
  })

  it('is not misled by the names of built-in properties', () => {
    expect(taskOf('constructor', keywordRules({ math: ['toString'] }))).toBeUndefined()
    expect(taskOf('__proto__ hasOwnProperty valueOf')).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), text => void rules({ text, request })))
  })

  it.each(['a', ' ', '0', '$', '"', 'a ', '\\', '`', '{\n', '$=', 'x_', '\nA. ', 'SELECT ', '0 '])(
    'takes bounded time for a megabyte of %j',
    unit => {
      const text = unit.repeat(1_000_000 / unit.length)
      rules({ text, request })
      const best = Math.min(...[1, 2, 3].map(() => timed(() => rules({ text, request }))))
      // The bar is 10 ms per 100 kB, so 100 ms here; measured below 1 ms. A backtracking trap takes minutes.
      expect(best).toBeLessThan(100)
    },
  )
})

function timed(action: () => void): number {
  const start = performance.now()
  action()
  return performance.now() - start
}
