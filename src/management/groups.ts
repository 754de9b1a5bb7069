import {
  customerBlock,
  customerDelete,
  customerInfo,
  customerList,
  customerNew,
  customerUnblock,
  customerUpdate,
} from './customers.ts'
import type { Operation } from './operation.ts'
import { organizationMemberAdd, organizationMemberDelete, organizationMemberUpdate } from './organization-members.ts'
import {
  organizationDelete,
  organizationInfo,
  organizationList,
  organizationNew,
  organizationUpdate,
} from './organizations.ts'
import { budgetDelete, budgetInfo, budgetList, budgetNew, budgetSettings, budgetUpdate } from './plans.ts'
import { providerBudgets } from './provider-budgets.ts'
import { tagDelete, tagInfo, tagList, tagNew, tagUpdate } from './tags.ts'
import { teamMemberAdd, teamMemberDelete, teamMemberUpdate } from './team-members.ts'
import { teamBulkMemberAdd } from './team-members-bulk.ts'
import { teamNew, teamUpdate } from './teams.ts'
import { teamDelete } from './teams-delete.ts'
import {
  teamBlock,
  teamModelAdd,
  teamModelDelete,
  teamPermissionsList,
  teamPermissionsUpdate,
  teamUnblock,
} from './teams-grants.ts'
import { teamAvailable, teamInfo, teamList, teamListPaged } from './teams-read.ts'
import { userUpdate } from './users.ts'
import { userBulkUpdate } from './users-bulk.ts'
import { userDelete } from './users-delete.ts'
import { userNew } from './users-new.ts'
import { userAvailableRoles, userInfo, userInfoBrief, userList } from './users-read.ts'

/** All that is done with teams, users, organizations, plans, customers and tags. */
export const groupOperations: readonly Operation[] = [
  teamNew,
  teamUpdate,
  teamDelete,
  teamInfo,
  teamList,
  teamListPaged,
  teamMemberAdd,
  teamMemberUpdate,
  teamMemberDelete,
  teamBulkMemberAdd,
  teamBlock,
  teamUnblock,
  teamModelAdd,
  teamModelDelete,
  teamPermissionsList,
  teamPermissionsUpdate,
  teamAvailable,
  userNew,
  userInfo,
  userInfoBrief,
  userUpdate,
  userBulkUpdate,
  userDelete,
  userList,
  userAvailableRoles,
  organizationNew,
  organizationUpdate,
  organizationInfo,
  organizationList,
  organizationDelete,
  organizationMemberAdd,
  organizationMemberUpdate,
  organizationMemberDelete,
  budgetNew,
  budgetUpdate,
  budgetInfo,
  budgetSettings,
  budgetList,
  budgetDelete,
  customerNew,
  customerInfo,
  customerUpdate,
  customerDelete,
  customerList,
  customerBlock,
  customerUnblock,
  tagNew,
  tagUpdate,
  tagInfo,
  tagList,
  tagDelete,
  providerBudgets,
]
