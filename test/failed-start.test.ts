import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load-config.ts'
import { systemClock } from '../src/core/clock.ts'
import { open } from '../src/open-assembly.ts'
import { openStore } from '../src/store/open-store.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-start-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('a start that fails leaves nothing open: no replica in the store, no journal', async () => {
  const path = join(folder, 'tollgate.db')
  const journal = join(folder, 'journal')
  const config = loadConfig({
    object: {
      model_list: [{ model_name: 'm', litellm_params: { model: 'mock/m' } }],
      litellm_settings: { success_callback: ['./missing.mjs'] },
      tollgate_settings: { store: path, budgets: { journal } },
    },
  })
  await expect(open(config, { path: join(folder, 'config.yaml'), warn: () => {} })).rejects.toThrow(/missing/)
  expect(readdirSync(journal)).toEqual([])
  const store = await openStore({ kind: 'sqlite', path }, { clock: systemClock, warn: () => {} })
  expect(await store.db.selectFrom('replicas').select('id').execute()).toEqual([])
  await store.close()
})
