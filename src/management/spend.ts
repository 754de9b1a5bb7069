import { customerActivity, tagActivity, teamActivity, userActivity } from './activity.ts'
import { globalActivity, globalActivityByModel } from './activity-global.ts'
import { auditList, auditOne } from './audit.ts'
import type { Operation } from './operation.ts'
import {
  globalSpend,
  globalSpendEndUsers,
  globalSpendLogs,
  globalSpendModels,
  globalSpendProviders,
  globalSpendTags,
  globalSpendTeams,
  spendTags,
} from './spend-global.ts'
import { globalSpendKeys } from './spend-global-keys.ts'
import { spendLogs, spendLogsInPages } from './spend-logs.ts'
import { globalSpendReport } from './spend-report.ts'
import { globalSpendReset } from './spend-reset.ts'
import { spendKeys, spendUsers } from './spend-subjects.ts'

/** What looks at the ledger and at the audit. */
export const spendOperations: readonly Operation[] = [
  spendLogs,
  spendLogsInPages,
  spendKeys,
  spendUsers,
  spendTags,
  globalSpend,
  globalSpendLogs,
  globalSpendKeys,
  globalSpendTeams,
  globalSpendModels,
  globalSpendProviders,
  globalSpendTags,
  globalSpendReport,
  globalSpendEndUsers,
  globalSpendReset,
  globalActivity,
  globalActivityByModel,
  userActivity,
  teamActivity,
  tagActivity,
  customerActivity,
  auditList,
  auditOne,
]
