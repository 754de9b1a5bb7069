import { afterAll, beforeAll, expect, it } from 'vitest'
import { KeyStage } from '../../test/support/key-stage.ts'

let stage: KeyStage
beforeAll(async () => {
  stage = await KeyStage.open()
})
afterAll(() => stage.close())

it('a number for a user is the end user whom its digits name', async () => {
  const key = await stage.key()
  expect((await stage.chat(key, { user: 5 })).status).toBe(200)
  await stage.ask('/customer/new', { user_id: '5', blocked: true })
  expect((await stage.chat(key, { user: '5' })).status).toBe(403)
  expect((await stage.chat(key, { user: 5 })).status).toBe(403)
  for (const user of [[], {}, true]) {
    const { status, body } = await stage.chat(key, { user })
    expect([status, body]).toMatchObject([400, { error: { param: 'user' } }])
  }
})

it('a tag that no store keeps is refused, and the gateway goes on', async () => {
  const key = await stage.key()
  for (const tag of ['a\ud800', 'a\0']) expect((await stage.chat(key, { metadata: { tags: [tag] } })).status).toBe(400)
  expect((await stage.chat(key, { metadata: { tags: ['a\u{1f600}'] } })).status).toBe(200)
})
