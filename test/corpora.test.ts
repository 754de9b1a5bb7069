import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fault } from '../src/testing/index.ts'
import { crowd } from './support/crowd.ts'
import { corpus } from './support/data.ts'
import { chat, errorOf } from './support/raw.ts'
import { afterAllOfThis, besiege, body, CHAT } from './support/siege.ts'

const siege = besiege()
const { ask, say, sinceNow } = siege

const suite = corpus('fuzz/JSONTestSuite/test_parsing')
describe.skipIf(!suite)('JSONTestSuite', () => {
  const files = suite ? readdirSync(suite).map(name => [name, readFileSync(join(suite, name))] as const) : []

  // What hosts differ about is JSON, and refused all the same (`duplicate_member`).
  const isTaken = (name: string) => name.startsWith('y_') && !name.includes('duplicated_key')

  it('as bodies: none of them is a call, and none breaks anything', async () => {
    const seen = sinceNow()
    const statuses = await crowd(files, 8, async ([, content]) => (await ask(CHAT, { body: content })).status)
    expect(files.length).toBeGreaterThan(300)
    expect(files.filter((_, index) => statuses[index] !== 400).map(([name]) => name)).toEqual([])
    expect(seen()).toBe(0)
  })

  it('as a parameter: what is JSON arrives as it is, what is none is refused', async () => {
    const [before, after] = JSON.stringify(body({ x: 'HERE' })).split('"HERE"')
    const wrong = await crowd(files, 8, async ([name, content]) => {
      const text = Buffer.concat([Buffer.from(before ?? ''), content, Buffer.from(after ?? '')])
      const { status } = await ask(CHAT, { body: text })
      const fits = isTaken(name) ? status === 200 : /^[ny]_/.test(name) ? status === 400 : status < 500
      return fits ? [] : [`${name}: ${status}`]
    })
    expect(wrong.flat()).toEqual([])
    const sent = new Set(siege.upstream.log.map(record => record.bytes.toString('latin1')))
    for (const [name, content] of files) {
      if (!isTaken(name)) continue
      const arrived = [...sent].some(text => text.includes(`"x":${content.toString('latin1')}`))
      expect([name, arrived]).toEqual([name, true])
    }
  })

  it('as answers: each is a bad answer', async () => {
    const wrong: string[] = []
    for (const [name, content] of files) {
      siege.upstream.next(fault.body(content))
      const answer = await say(body({}))
      if (answer.status !== 502 || errorOf(answer).code !== 'bad_answer') wrong.push(`${name}: ${answer.status}`)
    }
    expect(wrong).toEqual([])
  })
})

const blns = corpus('fuzz/blns/blns.json')
describe.skipIf(!blns)('naughty strings', () => {
  const strings = blns ? (JSON.parse(readFileSync(blns, 'utf8')) as string[]) : []

  it('as prompts reach the upstream intact', async () => {
    const before = siege.upstream.log.length
    const statuses = await crowd(strings, 8, async text => (await say(chat('fast', text))).status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    const prompts = siege.upstream.log.slice(before).map(record => record.prompt)
    expect(prompts.toSorted()).toEqual(strings.toSorted())
  })

  it('as model names are never a fault of ours', async () => {
    const statuses = await crowd(strings, 8, async text => (await say(chat(text, 'hello'))).status)
    expect(strings.filter((_, index) => ![400, 404].includes(statuses[index] ?? 0))).toEqual([])
  })

  it('as metadata and tags stand in the lines as they are', async () => {
    const before = (await siege.served.lines()).length
    const statuses = await crowd(strings, 8, async text => {
      return (
        await say(chat('fast', 'hello', { metadata: { text, [text]: 1, session_id: text }, tags: [text], user: text }))
      ).status
    })
    expect(new Set(statuses)).toEqual(new Set([200]))
    const lines = (await siege.served.lines()).slice(before)
    expect(lines.map(line => line.metadata.text).toSorted()).toEqual(strings.toSorted())
  })

  it('as answers come through intact', async () => {
    const wrong: string[] = []
    siege.upstream.script({ answer: request => request.prompt })
    await crowd(strings, 8, async text => {
      const answer = await say(chat('fast', text))
      if (JSON.parse(answer.text).choices[0].message.content !== text) wrong.push(text)
    })
    siege.upstream.script({ answer: 'hello' })
    expect(wrong).toEqual([])
  })
})

afterAllOfThis(siege)
