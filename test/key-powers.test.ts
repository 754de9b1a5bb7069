import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mayCall } from '../src/access/may-call.ts'
import type { Caller } from '../src/core/caller.ts'
import { systemClock } from '../src/core/clock.ts'
import { Failure } from '../src/core/failure.ts'
import type { JsonObject } from '../src/core/json.ts'
import { whoForbids } from '../src/core/may-use.ts'
import { operations } from '../src/management/index.ts'
import { perform } from '../src/management/perform.ts'
import { KeyStage } from './support/key-stage.ts'

const POOLS = ['small', 'large', 'spare', 'gpt-4o', 'gpt-5', 'claude']
const ROUTES = [
  ['/v1/chat/completions', 'llm_api_routes'],
  ['/key/info', 'info_routes'],
  ['/key/generate', 'management_routes'],
  ['/team/new', 'management_routes'],
] as const

let stage: KeyStage
beforeAll(async () => {
  // A group whose name the patterns below match, and whose pool they do not.
  stage = await KeyStage.open({ info: { claude: { access_groups: ['gpt-all'] } } })
  await stage.people({
    users: { ann: { models: ['small', 'gpt*'] }, bob: {}, root: { role: 'proxy_admin' } },
    teams: {
      red: { models: ['small', 'large'] },
      blue: { team_member_permissions: ['/key/generate', '/key/update', '/key/regenerate'] },
    },
    members: [
      ['red', 'ann', 'admin'],
      ['red', 'bob', 'user'],
      ['red', 'root', 'user'],
      ['blue', 'ann', 'user'],
      ['blue', 'bob', 'admin'],
    ],
  })
})
afterAll(() => stage.close())

const models = fc.subarray([
  'small',
  'large',
  'gpt*',
  'gpt-4o',
  'gpt-all',
  'claude',
  '*',
  'all-proxy-models',
  'all-team-models',
])
const routes = fc.subarray(['llm_api_routes', 'info_routes', 'management_routes', '/key/*', '/key/generate', '/*'])
const count = fc.constantFrom(0, 1, 10, 100)

/** Fields that say what a key may do. */
const powers = {
  models: models,
  allowed_routes: routes,
  max_budget: fc.constantFrom(0, 1, 5, 100),
  model_max_budget: fc.constant({ small: 1 }),
  rpm_limit: count,
  tpm_limit: count,
  max_parallel_requests: count,
  model_rpm_limit: fc.constantFrom({ small: 1 }, { small: 50 }, {}),
  duration: fc.constantFrom('1h', '1d', '90d'),
}

const maker = fc.tuple(fc.constantFrom('ann', 'bob'), few({ ...powers, team_id: fc.constantFrom('red', 'blue') }, 3))

/** What somebody tries, some of it with fields that nobody may write. */
const tries = {
  ...powers,
  user_id: fc.constantFrom('ann', 'bob', 'root', 'nobody'),
  team_id: fc.constantFrom('red', 'blue', 'green'),
  key_type: fc.constantFrom('default', 'llm_api', 'management', 'read_only'),
  metadata: fc.constantFrom({ priority: 'high' }, { a: 1 }),
  spend: fc.constantFrom(0),
  temp_budget_increase: fc.constant(1_000),
  temp_budget_expiry: fc.constant('1d'),
  key: fc.constant('sk-a-key-of-my-own-making'),
  blocked: fc.constant(false),
  budget_id: fc.constant('none'),
  user_role: fc.constant('proxy_admin'),
  permissions: fc.constant({ all: true }),
  organization_id: fc.constant('acme'),
}

type How = 'key/generate' | 'key/service-account/generate' | 'key/update' | 'key/regenerate'
const how = fc.constantFrom<How>('key/generate', 'key/service-account/generate', 'key/update', 'key/regenerate')

/** A few of the fields: of many, some one or other is always refused. */
function few(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>, most: number): fc.Arbitrary<JsonObject> {
  return fc
    .subarray(Object.keys(fields), { maxLength: most })
    .chain(names => fc.record(Object.fromEntries(names.map(name => [name, fields[name] ?? fc.constant(null)]))))
    .map(drawn => ({ ...drawn }) as JsonObject)
}

async function call(name: string, caller: Caller, input: object): Promise<Record<string, unknown> | undefined> {
  const operation = operations.find(one => one.name === name)
  if (!operation) throw new Error(`there is no operation ${name}`)
  const { store, callers } = stage
  const context = {
    store,
    caller,
    clock: systemClock,
    keyHash: callers.hash,
    accessGroups: callers.accessGroups,
    changed: callers.invalidate.bind(callers),
  }
  try {
    return (await perform(operation, context, input)) as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'internal') throw error
    return undefined
  }
}

/** Everything in which a key could be more than another. */
function requireNoMore(made: Caller, by: Caller): void {
  for (const pool of POOLS) {
    const own = by.pools?.filter(({ level }) => level === 'key')
    if (!whoForbids(made, pool)) expect([pool, own && whoForbids({ pools: own }, pool)]).toEqual([pool, undefined])
  }
  const isOwn = made.userId === by.userId || made.userId === undefined
  for (const [path, kind] of ROUTES) {
    if (!mayCall(made, path, kind)) continue
    expect([path, mayCall(by, path, kind)]).toEqual([path, true])
    // In another's name it only asks models.
    expect(isOwn || kind === 'llm_api_routes').toBe(true)
  }
  if (isOwn && made.userId !== undefined) expect(made.role).toBe(by.role)
  if (by.teamId !== undefined) expect(made.teamId).toBe(by.teamId)
  expect(made.userId !== undefined || made.teamId !== undefined).toBe(true)
  expect(made.priority).toBe(undefined)
  expect(made.organizationId).toBe(by.organizationId)
  for (const limit of by.limits.filter(({ level }) => level === 'key')) {
    const mine = made.limits.find(({ level }) => level === 'key')
    if (limit.rpm !== undefined) expect(mine?.rpm).toBeLessThanOrEqual(limit.rpm)
    if (limit.tpm !== undefined) expect(mine?.tpm).toBeLessThanOrEqual(limit.tpm)
    if (limit.parallel !== undefined) expect(mine?.parallel).toBeLessThanOrEqual(limit.parallel)
  }
}

const bounded = (caller: Caller) =>
  caller.budgets
    .filter(({ level, limit }) => level === 'key' && limit !== undefined)
    .map(({ id, limit }) => [id, limit])

async function expiryOf(caller: Caller): Promise<number> {
  const row = await stage.store.db
    .selectFrom('keys')
    .select('expires_at')
    .where('id', '=', caller.keyId)
    .executeTakeFirst()
  return row?.expires_at ?? Number.POSITIVE_INFINITY
}

it('R13 no key makes, changes or renews one that may do more than itself', async () => {
  const done = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(maker, few(tries, 4), fc.boolean(), how, async ([user_id, own], tried, isSelf, name) => {
      const secret = await stage.key({ ...own, user_id })
      const by = await stage.callers.find(secret)
      const other = await stage.key({ user_id: by.userId ?? null, ...(by.teamId && { team_id: by.teamId }) })
      const team = name === 'key/service-account/generate' ? { team_id: user_id === 'ann' ? 'red' : 'blue' } : {}
      const target = isSelf ? secret : other
      const named = name === 'key/update' || name === 'key/regenerate' ? { key: target } : {}
      const before = await expiryOf(by)
      const answer = await call(name, by, { ...team, ...tried, ...named })
      if (!answer) return
      done.set(name, (done.get(name) ?? 0) + 1)
      const made = await stage.callers.find(name === 'key/update' ? target : String(answer.key))
      requireNoMore(made, by)
      if (bounded(by).length > 0) expect(bounded(made)).toEqual(bounded(by))
      expect(await expiryOf(made)).toBeLessThanOrEqual(before)
    }),
    { numRuns: 250 },
  )
  // Enough of them came through for the others to mean something.
  for (const name of ['key/generate', 'key/service-account/generate', 'key/update', 'key/regenerate'])
    expect([name, (done.get(name) ?? 0) > 2]).toEqual([name, true])
}, 120_000)
