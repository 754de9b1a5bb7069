import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../test/support/child.ts'
import { GroupStage, type Told } from '../../test/support/group-stage.ts'
import { WHY_NOT } from './foreign-fields.ts'
import { keyNothing } from './key-fields.ts'

let stage: GroupStage
let key: string
beforeAll(async () => {
  stage = await GroupStage.open()
  key = String((await stage.ask('/key/generate', { max_budget: 1 })).key)
})
afterAll(() => stage.close())

function update(fields: object): Promise<Told> {
  return stage.ask('/key/update', { key, ...fields })
}

async function endAfter(temp_budget_expiry: string): Promise<unknown> {
  await update({ temp_budget_increase: 1, temp_budget_expiry })
  const row = await stage.db.selectFrom('keys').select('data').executeTakeFirstOrThrow()
  return JSON.parse(row.data).temp_budget_expiry
}

it('takes the end of an increase as a day, or as a time with a zone or in UTC', async () => {
  const before = process.env.TZ
  process.env.TZ = 'America/New_York'
  try {
    expect(await endAfter('2127-01-15')).toBe(Date.UTC(2127, 0, 15))
    expect(await endAfter('2127-01-15T10:30:00')).toBe(Date.UTC(2127, 0, 15, 10, 30))
    expect(await endAfter('2127-01-15T10:30:00Z')).toBe(Date.UTC(2127, 0, 15, 10, 30))
    expect(await endAfter('2127-01-15T10:30:00+02:00')).toBe(Date.UTC(2127, 0, 15, 8, 30))
  } finally {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  }
})

it('refuses an increase that has no end, or one that is past', async () => {
  await update({ temp_budget_increase: null, temp_budget_expiry: null })
  const refused = { status: 400, param: 'temp_budget_expiry' }
  expect(await stage.refused('/key/update', { key, temp_budget_increase: 5 })).toMatchObject(refused)
  const past = { temp_budget_increase: 5, temp_budget_expiry: '2020-01-15' }
  expect(await stage.refused('/key/update', { key, ...past })).toMatchObject(refused)
  await update({ temp_budget_increase: 5, temp_budget_expiry: '1d' })
  expect(await stage.refused('/key/update', { key, temp_budget_expiry: null })).toMatchObject(refused)
  await update({ temp_budget_increase: 6 })
  await update({ temp_budget_increase: null, temp_budget_expiry: null })
})

it('says which forms are allowed where there are several', async () => {
  const messages: readonly (readonly [path: string, input: object, message: RegExp])[] = [
    ['/key/generate', { duration: '30 days' }, /^'duration': must be a number with a unit: 30s.*1mo; -1 is for ever$/],
    [
      '/key/generate',
      { model_max_budget: { small: 'x' } },
      /^'model_max_budget.small': must be US dollars, .*time_period}$/,
    ],
    ['/key/update', { key, temp_budget_expiry: 'soon' }, /^'temp_budget_expiry': must be a duration .*T12:00:00Z\)$/],
    [
      '/team/member_add',
      { team_id: 't', member: { user_id: 'a', role: 'boss' } },
      /'member': must be .*admin or user.* list/,
    ],
    [
      '/organization/member_add',
      { organization_id: 'o', member: { role: 'x' } },
      /must be .*org_admin, .*, or a list$/,
    ],
    ['/user/new', { teams: [7] }, /^'teams.0': must be a team's id, or {team_id, user_role: admin or user/],
    ['/user/list', { user_ids: 7 }, /^'user_ids': must be names with commas between$/],
  ]
  for (const [path, input, message] of messages)
    expect((await stage.refused(path, input as Told)).message, path).toMatch(message)
})

it('refuses what would have no effect', async () => {
  const wrong: readonly (readonly [path: string, field: string, value: unknown])[] = [
    ['/key/generate', 'rpm_limit_type', 'guaranteed_throughput'],
    ['/team/new', 'tpm_limit_type', 'dynamic'],
    ['/team/new', 'team_member_key_duration', '30d'],
    ['/key/generate', 'router_settings.routing_strategy', 'least-busy'],
    ['/key/generate', 'router_settings.timeout', 0],
    ['/team/new', 'router_settings.stream_timeout', -1],
    ['/team/new', 'router_settings.num_retries', 1.5],
    ['/key/update', 'router_settings.num_retries', -1],
    ['/key/update', 'router_settings.fallbacks.0', 'large'],
  ]
  for (const [path, field, value] of wrong) {
    const [name = '', member, place] = field.split('.')
    const nested = member === undefined ? value : { [member]: place === undefined ? value : [value] }
    const input = { ...(path === '/key/update' && { key }), [name]: nested }
    expect(await stage.refused(path, input), field).toMatchObject({ status: 400, param: field })
  }
  expect(await stage.refused('/tag/new', { name: 't', models: ['small'] })).toMatchObject({
    status: 400,
    param: 'models',
  })
  const router_settings = { timeout: 0.5, num_retries: 0, fallbacks: [{ small: ['large'] }, { large: 'spare' }] }
  const fields = { rpm_limit_type: 'best_effort_throughput', router_settings }
  expect(await update(fields)).toMatchObject({ router_settings })
})

it('refuses tags in the metadata that are no list of texts', async () => {
  for (const tags of ['red', { red: true }, [1], [['red']]]) {
    const refused = { status: 400, param: 'metadata.tags' }
    expect(await stage.refused('/key/generate', { metadata: { tags } })).toMatchObject(refused)
    expect(await stage.refused('/key/update', { key, metadata: { tags } })).toMatchObject(refused)
    expect(await stage.refused('/team/new', { metadata: { tags } })).toMatchObject(refused)
  }
  expect(await update({ metadata: { tags: ['red'], a: 1 } })).toMatchObject({ metadata: { tags: ['red'], a: 1 } })
})

it('refuses __proto__ as the name of a pool', async () => {
  const proto = JSON.parse('{"__proto__": 1}')
  for (const name of ['model_max_budget', 'aliases', 'model_rpm_limit'])
    expect(await stage.refused('/key/generate', { [name]: proto })).toMatchObject({
      status: 400,
      param: `${name}.__proto__`,
    })
})

it('wants to know which key the master key asks about', async () => {
  expect(await stage.refused('/key/info')).toMatchObject({ status: 400, param: 'key' })
})

it.each(Object.entries(WHY_NOT).filter(([name]) => name in keyNothing))(
  'says why %s is refused, and takes it when it says nothing',
  async (name, why) => {
    for (const path of ['/key/generate', '/key/update']) {
      const said = path === '/key/update' ? { key } : {}
      const { status, param, message } = await stage.refused(path, { ...said, [name]: ['x'] })
      expect({ status, param }).toEqual({ status: 400, param: name })
      expect(message).toContain(`has no effect in tollgate (${why})`)
      for (const nothing of [null, [], {}]) await stage.ask(path, { ...said, [name]: nothing })
    }
  },
)

it('says why a key neither changes itself nor is sent by mail', async () => {
  for (const [name, why] of [
    ['auto_rotate', /call \/key\/regenerate/],
    ['send_invite_email', /sends no mail/],
  ] as const) {
    const refusal = await stage.refused('/key/generate', { [name]: true })
    expect(refusal).toMatchObject({ status: 400, param: name, message: expect.stringMatching(why) })
    await stage.ask('/key/generate', { [name]: false })
  }
})

it('has the documentation name all that is refused', () => {
  const text = readFileSync(join(root, 'docs', 'api.md'), 'utf8')
  for (const name of [...Object.keys(WHY_NOT), 'auto_rotate', 'send_invite_email'])
    expect(text).toContain(`\`${name}\``)
})
