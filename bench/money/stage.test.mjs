import { expect, it } from 'vitest'
import { parts as bundle } from './bundle.mjs'
import { refusedOf, stage } from './stage.mjs'

it('measures calls that go all their way', async () => {
  const one = await stage(await bundle(), { money: true, keys: 4 })
  try {
    expect(await refusedOf(one.headers.map(headers => one.call(headers)))).toBe(0)
    await expect(refusedOf([one.call({ authorization: 'Bearer sk-nobody' })])).rejects.toThrow()
    await one.settle()
    const { db } = one.backing.store
    const { rows } = await db
      .selectFrom('ledger')
      .select(({ fn }) => fn.countAll().as('rows'))
      .executeTakeFirstOrThrow()
    expect(rows).toBe(4)
  } finally {
    await one.close()
  }
})
