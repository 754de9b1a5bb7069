import { afterAll, beforeAll, expect, it } from 'vitest'
import { GroupStage, type Told } from '../../test/support/group-stage.ts'

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
