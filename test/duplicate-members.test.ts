import { describe, expect, it } from 'vitest'
import { afterAllOfThis, besiege, expectRefusal } from './support/siege.ts'

const siege = besiege()
const { say, sinceNow } = siege

const LONG = 'x'.repeat(10_000)

/** A chat call whose text has these members before its own. */
const chat = (first: string, content = 'hello') =>
  `{${first},"model":"fast","messages":[{"role":"user","content":${JSON.stringify(content)}}],"n":1,"stream":false,"max_tokens":5}`

describe('a member that stands twice in a body', () => {
  it.each([
    ['answers', '"n":100', 'n'],
    ['answers, by another spelling', '"\\u006e":100', 'n'],
    ['the model', '"model":"spare"', 'model'],
    ['the messages', '"messages":[]', 'messages'],
    ['the stream', '"stream":true', 'stream'],
    ['the limit', '"max_tokens":100000', 'max_tokens'],
    ['one that means nothing', '"x":1,"x":1', 'x'],
    ["a tool's searches", '"tools":[{"type":"web_search_20250305","max_uses":9,"max_uses":1}]', 'tools[0].max_uses'],
    ['the size of a search', '"web_search_options":{"a":1,"a":2}', 'web_search_options.a'],
  ])('is refused, and nothing is sent: %s', async (_, first, param) => {
    const seen = sinceNow()
    for (const content of ['hello', LONG]) {
      const answer = await say(chat(first, content))
      expectRefusal(answer, 400, { type: 'invalid_request_error', code: 'duplicate_member', param })
      expect(answer.text).toContain(`'${param}' stands twice`)
    }
    expect(seen()).toBe(0)
  })

  it('is not one of another object', async () => {
    const seen = sinceNow()
    expect((await say(chat('"metadata":{"n":"1","model":"x"}', LONG))).status).toBe(200)
    expect(seen()).toBe(1)
  })
})

describe('a member in other letters', () => {
  it.each(['N', 'Max_Tokens', 'MESSAGES', 'tool\u017f', 'Service_Tier'])(
    '%s is refused, as hosts read any case',
    async name => {
      const seen = sinceNow()
      const answer = await say(chat(`${JSON.stringify(name)}:100`))
      expectRefusal(answer, 400, { code: 'invalid_value', param: name })
      expect(seen()).toBe(0)
    },
  )

  it('that mean nothing goes on', async () => {
    expect((await say(chat('"topK":5,"X":1'))).status).toBe(200)
    expect(siege.upstream.log.at(-1)?.body).toMatchObject({ topK: 5, X: 1 })
  })
})

afterAllOfThis(siege)
