import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PhraseTable } from './phrases.ts'
import { wordsOf } from './words.ts'

describe('wordsOf', () => {
  it.each([
    ["Don't PANIC, it's 42%", ['don', 't', 'panic', 'it', 's', '42', '%']],
    ['C++, C#, F# and c+b', ['c++', 'c#', 'f#', 'and', 'c', 'b']],
    ['snake_case x^2', ['snake_case', 'x', '2']],
    ['Écris un poème – vite!', ['écris', 'un', 'poème', 'vite']],
    ['写代码。OK', ['写', '代', '码', 'ok']],
    ['', []],
  ])('splits %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  it('gives lower-case words that stand in the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        for (const word of wordsOf(text)) expect(text.toLowerCase()).toContain(word)
      }),
    )
  })
})

describe('PhraseTable', () => {
  const table = new PhraseTable([
    { text: 'blog', value: 1 },
    { text: 'blog post', value: 2 },
    { text: 'C#', value: 3 },
    { text: '!?', value: 4 },
  ])

  it('finds the longest phrase of whole words', () => {
    const words = wordsOf('a blog post on blogs in c#')
    expect(table.find(words, 0)).toBeUndefined()
    expect(table.find(words, 1)).toMatchObject({ phrase: { value: 2 }, end: 3 })
    expect(table.find(words, 4)).toBeUndefined()
    expect(table.find(words, 6)).toMatchObject({ phrase: { value: 3 } })
  })

  it('falls back to the shorter phrase, also at the end of the text', () => {
    expect(table.find(['blog'], 0)).toMatchObject({ phrase: { value: 1 }, end: 1 })
    expect(table.find(['blog', 'roll'], 0)).toMatchObject({ phrase: { value: 1 }, end: 1 })
  })
})
