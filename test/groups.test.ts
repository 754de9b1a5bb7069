import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { groupOperations } from '../src/management/groups.ts'
import { KeyStage } from './support/key-stage.ts'

let stage: KeyStage
beforeAll(async () => {
  stage = await KeyStage.open()
})
afterAll(() => stage.close())

const code = (answer: { body: unknown }) => (answer.body as { error?: { code?: string } }).error?.code

/** Any method, with a body where there is one. */
async function send(method: string, path: string, { key, body }: { key?: string; body?: object } = {}) {
  const answer = await fetch(`${stage.served.url}${path}`, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

async function made(path: string, body: object, key?: string): Promise<Record<string, never>> {
  const answer = await stage.ask(path, body, key)
  expect(answer.text).toContain('{')
  expect(answer.status, answer.text).toBe(200)
  return answer.body
}

describe('over HTTP', () => {
  it('no operation is there without a key, nor for a key that manages nothing', async () => {
    const plain = await stage.key()
    for (const { method, paths } of groupOperations)
      for (const path of paths) {
        const body = method === 'GET' ? {} : { body: {} }
        expect((await send(method, path, body)).status, path).toBe(401)
        expect((await send(method, path, { ...body, key: plain })).status, path).toBe(403)
      }
  })

  it('an organization is run by its administrator, and what they revoke is revoked at once', async () => {
    await made('/organization/new', { organization_id: 'acme', max_budget: 10, models: ['small', 'large'] })
    const olga = String((await made('/user/new', { user_id: 'olga', organizations: ['acme'] })).key)
    const role = { organization_id: 'acme', user_id: 'olga', role: 'org_admin' }
    expect(await send('PATCH', '/organization/member_update', { key: stage.master, body: role })).toMatchObject({
      status: 200,
      body: { user_role: 'org_admin' },
    })

    await made('/team/new', { team_id: 'blue', organization_id: 'acme', models: ['small'] }, olga)
    const bob = await made(
      '/user/new',
      { user_id: 'bob', organizations: ['acme'], teams: ['blue'], team_id: 'blue' },
      olga,
    )
    const key = String(bob.key)
    expect((await stage.chat(key)).status).toBe(200)
    expect(code(await stage.chat(key, { model: 'large' }))).toBe('team_model_access_denied')
    expect((await stage.ask('/user/info', undefined, key)).status).toBe(403)

    await made('/team/model/add', { team_id: 'blue', models: ['large'] }, olga)
    expect((await stage.chat(key, { model: 'large' })).status).toBe(200)
    await made('/team/model/delete', { team_id: 'blue', models: ['small', 'large'] }, olga)
    expect(code(await stage.chat(key))).toBe('team_model_access_denied')
    await made('/team/model/add', { team_id: 'blue', models: ['small'] }, olga)

    await made('/team/block', { team_id: 'blue' }, olga)
    expect(code(await stage.chat(key))).toBe('team_blocked')
    await made('/team/unblock', { team_id: 'blue' }, olga)
    expect((await stage.chat(key)).status).toBe(200)

    await made('/team/member_delete', { team_id: 'blue', user_id: 'bob' }, olga)
    expect(code(await stage.chat(key))).toBe('token_not_found_in_db')
    expect((await stage.ask('/team/update', { team_id: 'blue', organization_id: null }, olga)).status).toBe(403)
    expect((await stage.ask('/organization/new', {}, olga)).status).toBe(403)
  })

  it('keys end with their user, their team and their organization', async () => {
    await made('/organization/new', { organization_id: 'end' })
    await made('/team/new', { team_id: 't-end', organization_id: 'end' })
    const keys = [
      [String((await made('/user/new', { user_id: 'u-end' })).key), '/user/delete', { user_ids: ['u-end'] }],
      [await stage.key({ team_id: 't-end' }), '/team/delete', { team_ids: ['t-end'] }],
    ] as const
    for (const [key, path, body] of keys) {
      expect((await stage.chat(key)).status).toBe(200)
      await made(path, body)
      expect(code(await stage.chat(key))).toBe('token_not_found_in_db')
    }
    const key = await stage.key({ organization_id: 'end' })
    expect((await stage.chat(key)).status).toBe(200)
    const body = { organization_ids: ['end'] }
    expect(await send('DELETE', '/organization/delete', { key: stage.master, body })).toMatchObject({ status: 200 })
    expect(code(await stage.chat(key))).toBe('token_not_found_in_db')
  })

  it('an end user is blocked and let in again at once', async () => {
    const key = await stage.key()
    expect((await stage.chat(key, { user: 'cust' })).status).toBe(200)
    await made('/customer/block', { user_ids: ['cust'] })
    expect(code(await stage.chat(key, { user: 'cust' }))).toBe('end_user_blocked')
    await made('/end_user/unblock', { user_ids: ['cust'] })
    expect((await stage.chat(key, { user: 'cust' })).status).toBe(200)
  })

  it('queries are read as texts', async () => {
    const list = await stage.ask('/v2/team/list?team_alias=%25&page=1&page_size=5')
    expect(list.body).toMatchObject({ teams: [], total: 0, page: 1, page_size: 5, total_pages: 0 })
    expect((await stage.ask('/v2/team/list?page=1&page=2')).status).toBe(400)
    expect((await stage.ask('/user/list?user_ids=olga,bob')).body).toMatchObject({ total: 2 })
    expect((await stage.ask('/user/info')).status).toBe(400)
    expect((await stage.ask(`/user/list?user_email=${'%25'.repeat(256)}`)).body).toMatchObject({ total: 0 })
  })
})
