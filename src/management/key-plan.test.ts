import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'
import { ACCESS_DEFAULTS } from '../core/access-settings.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open({
    ...ACCESS_DEFAULTS,
    keyDefaults: { budget_id: 'everybody' },
    keyCeilings: { max_budget: 10 },
  })
  await stage.scene()
  for (const budget_id of ['rivals', 'acmes', 'members', 'dans', 'everybody', 'nobodys'])
    await stage.ask('/budget/new', { budget_id, max_budget: 5, rpm_limit: 7 })
  const max_budget = 5
  await stage.ask('/key/generate', { team_id: 'r-team', budget_id: 'rivals', max_budget })
  await stage.ask('/key/generate', { team_id: 'a-team', budget_id: 'acmes', max_budget })
  await stage.ask('/key/generate', { user_id: 'dan', budget_id: 'dans', max_budget })
  await stage.db.updateTable('team_members').set({ plan_id: 'members' }).where('user_id', '=', 'bob').execute()
})
afterAll(() => stage.close())

describe('a plan', () => {
  it.each([
    ['ann', 'a-team', 'acmes'],
    ['ann', 'a-team', 'members'],
    ['olga', 'a-team', 'acmes'],
    ['ann', 'a-team', 'everybody'],
    ['dan', undefined, 'dans'],
    ['dan', 'loose', 'dans'],
    ['eve', 'r-team', 'rivals'],
    ['root', 'a-team', 'nobodys'],
  ])('is given by %s in %s: %s', async (who, team_id, budget_id) => {
    const made = await stage.ask('/key/generate', { team_id, budget_id, max_budget: 1 }, who)
    expect(made).toMatchObject({ budget_id })
    expect(
      await stage.ask('/key/update', { key: made.key, budget_id, key_alias: `${who}-${budget_id}` }, who),
    ).toBeDefined()
    await stage.ask('/key/delete', { keys: [made.key] })
  })

  it.each([
    ['ann', 'a-team', 'rivals'],
    ['ann', 'a-team', 'nobodys'],
    ['ann', undefined, 'dans'],
    ['olga', 'a-team', 'rivals'],
    ['rita', 'r-team', 'members'],
    ['dan', 'loose', 'acmes'],
    ['eric', undefined, 'rivals'],
  ])('of another tenant is none for %s in %s: %s', async (who, team_id, budget_id) => {
    const key = (await stage.ask('/key/generate', { team_id, max_budget: 1 }, who)).key
    const before = await stage.everything()
    const tell = async (id: string) => {
      const refusals = []
      for (const [path, input] of [
        ['/key/generate', { team_id, max_budget: 1 }],
        ['/key/update', { key }],
        ['/key/regenerate', { key }],
      ] as const) {
        const { message, ...refused } = await stage.refused(path, { ...input, budget_id: id }, who)
        refusals.push({ ...refused, message: message.replace(id, 'ID') })
      }
      return refusals
    }
    expect(await tell(budget_id)).toEqual(await tell('there-is-none'))
    expect((await tell(budget_id))[0]).toMatchObject({ status: 404, message: "there is no budget 'ID'" })
    expect(await stage.everything()).toBe(before)
  })
})

describe('a temporary increase', () => {
  it('and the budget together keep to the most that a key may have', async () => {
    const { key } = await stage.ask('/key/generate', { team_id: 'a-team', max_budget: 8 }, 'ann')
    const raise = (temp_budget_increase: number, more: object = {}) => ({
      key,
      temp_budget_increase,
      temp_budget_expiry: '1d',
      ...more,
    })
    const refused = { status: 400, param: 'temp_budget_increase' }
    for (const who of ['ann', 'olga', 'root']) {
      expect(await stage.refused('/key/update', raise(2.5), who)).toMatchObject(refused)
      expect(await stage.refused('/key/update', raise(1_000), who)).toMatchObject(refused)
    }
    await stage.ask('/key/update', raise(2), 'ann')
    expect(await stage.refused('/key/update', { key, max_budget: 9 }, 'ann')).toMatchObject(refused)
    expect(await stage.refused('/key/regenerate', { key, max_budget: 9 }, 'ann')).toMatchObject(refused)
    await stage.ask('/key/update', raise(1, { max_budget: 9 }), 'ann')
  })
})
