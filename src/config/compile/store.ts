import type { StoreSettings } from '../../core/money-settings.ts'
import { Secret } from '../../core/secret.ts'
import type { Subject } from '../finding.ts'
import type { TollgateValues } from '../keys/tollgate.ts'
import { type CompileContext, toMs } from './context.ts'

/** Where `tollgate serve` keeps keys, budgets and the ledger when nothing is said. */
export const DEFAULT_STORE = '.tollgate/tollgate.db'

/** The forms of a store, for the errors that name them. */
const FORMS = 'postgres://USER:PASSWORD@HOST:5432/NAME, postgresql://..., sqlite:PATH or file:PATH'

/**
 * Where keys, budgets and the ledger live: `tollgate_settings.store`, else `general_settings.database_url`; for a gateway
 * else `DATABASE_URL`, else one SQLite file. A library takes no variable that its application may use for itself.
 */
export function compileStore(context: CompileContext, tollgate: TollgateValues): StoreSettings {
  const { document, general, env, findings, serves } = context
  const fallback: StoreSettings = serves ? { kind: 'sqlite', path: DEFAULT_STORE } : { kind: 'none' }
  const url = document.section('general_settings')?.subject('database_url')
  if (tollgate.store !== undefined) {
    const subject = document.section('tollgate_settings')?.subject('store') ?? { path: 'tollgate_settings.store' }
    if (url && general.database_url !== undefined)
      findings.report(url, 'has no effect: tollgate_settings.store goes before it; leave one of them out')
    return storeOf(tollgate.store, subject, context) ?? fallback
  }
  if (general.database_url !== undefined)
    return databaseOf(general.database_url, url ?? { path: 'general_settings.database_url' }, context) ?? fallback
  if (serves && env.DATABASE_URL) {
    return databaseOf(env.DATABASE_URL, { path: 'the environment variable DATABASE_URL' }, context) ?? fallback
  }
  return fallback
}

function storeOf(text: string, subject: Subject, context: CompileContext): StoreSettings | undefined {
  const place = text.trim()
  if (place === 'none' || place === 'memory') return { kind: place }
  if (place === '') context.findings.error(subject, 'is empty: give a path, a URL, memory or none')
  else if (/^(postgres|postgresql|sqlite|file):/i.test(place) || place.includes('://'))
    return databaseOf(place, subject, context)
  else return { kind: 'sqlite', path: place }
  return undefined
}

/** Reads a URL; one that cannot be used is an error, which does not repeat it: it may hold a password. */
function databaseOf(text: string, subject: Subject, context: CompileContext): StoreSettings | undefined {
  const url = text.trim()
  const file = /^(?:sqlite|file):(?!\/\/)([^?]+)(?:\?.*)?$/i.exec(url)?.[1]
  if (file === ':memory:') return { kind: 'memory' }
  if (file !== undefined) return { kind: 'sqlite', path: file }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === 'sqlite' || scheme === 'file') {
    context.findings.error(subject, 'expected sqlite:PATH or file:PATH, without slashes before the path')
  } else if (scheme !== 'postgres' && scheme !== 'postgresql') {
    const found = scheme === undefined || !url.includes('://') ? 'this is no URL' : `${scheme}:// is not supported`
    context.findings.error(subject, `${found}; expected ${FORMS}`)
  } else if (!URL.canParse(url)) {
    context.findings.error(
      subject,
      'is no valid URL: characters such as # / @ : in the password must be written %23 %2F %40 %3A',
    )
  } else {
    saySchema(new URL(url), subject, context)
    return postgres(url, context)
  }
  return undefined
}

function postgres(url: string, { general }: CompileContext): StoreSettings {
  return {
    kind: 'postgres',
    url: new Secret(url),
    poolSize: general.database_connection_pool_limit ?? 10,
    connectTimeoutMs: toMs(general.database_connection_timeout) ?? 5_000,
    statementTimeoutMs: toMs(general.database_statement_timeout) ?? 10_000,
  }
}

/** LiteLLM's driver takes the schema from the URL; PostgreSQL itself does not know the parameter. */
function saySchema({ searchParams }: URL, subject: Subject, { findings }: CompileContext): void {
  const schema = searchParams.get('schema')
  if (schema === null || schema === 'public') return
  findings.report(
    subject,
    'schema= has no effect: tables are kept in public; say options=-c%20search_path%3DNAME instead',
  )
}
