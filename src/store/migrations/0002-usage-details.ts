import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** Rows tell all that their cost was reckoned from. Those that were there do not know it. */
export const usageDetails: Migration = {
  name: '0002-usage-details',
  async up(db) {
    await sql`alter table ledger add column usage_details text`.execute(db)
  },
}
