import type { Role } from '../core/caller.ts'

/** Whoever manages the whole gateway. */
export const ADMINS: readonly Role[] = ['proxy_admin']

/** Whoever sees the whole gateway. */
export const ADMIN_READERS: readonly Role[] = ['proxy_admin', 'proxy_admin_viewer']

/** People: what of an operation each of them may do is judged by what the tables say of them. */
export const WRITERS: readonly Role[] = ['proxy_admin', 'org_admin', 'internal_user']

/** People, and those who only look. */
export const READERS: readonly Role[] = [...WRITERS, 'proxy_admin_viewer', 'internal_user_viewer']

/** Every key, also those that are nobody's. */
export const EVERYBODY: readonly Role[] = [...READERS, 'team', 'customer']
