import { z } from 'zod'
import type { Honoured } from './entry.ts'
import * as value from './values.ts'

const unpriced = z
  .union([z.enum(['refuse', 'allow']), value.budgetUsd], { error: 'expected refuse, allow or an amount of US dollars' })
  .describe('refuse, allow, or US dollars per attempt')

const nodes = z
  .array(
    z.union([value.text, z.strictObject({ host: value.text, port: value.positiveCount.optional() })], {
      error: 'expected host:port, or {host, port}',
    }),
    { error: 'expected a list of nodes' },
  )
  .describe('a list of host:port')

/** How money is kept: `tollgate_settings.budgets`. */
export const budgets = {
  unpriced: [
    unpriced,
    'Calls of limited callers to deployments without a price: refused (default), let through uncounted, or held at an amount.',
  ],
  output_cap: [
    value.positiveCount,
    "Output tokens of one answer that limited calls are bounded to when the client sets no limit. Default: the model's limit, and 4096 where nobody knows it.",
  ],
  when_short: [
    value.oneOf('refuse', 'lower'),
    'When less is left than a call may cost: refuse it (default), or ask for fewer output tokens.',
  ],
  when_store_is_away: [
    value.oneOf('refuse', 'spend-leases'),
    'Limited keys are refused (default), or spend what their process has leased. Default: general_settings.allow_requests_on_db_unavailable.',
  ],
  lease_seconds: [value.leaseSeconds, 'Seconds after which the leases of a process that is gone are over. Default 10.'],
  journal: [value.text, 'The folder of the journal; relative to the working directory. Default .tollgate/journal.'],
  backlog_rows: [value.positiveCount, 'Rows not yet in the store, above which calls are refused. Default 10000.'],
  backlog_mb: [value.positiveAmount, 'Megabytes not yet in the store, above which calls are refused. Default 32.'],
  webhook: [
    z.union([value.text, value.map], { error: 'expected a URL or {url, headers}' }).describe('a URL or {url, headers}'),
    'Told of soft and hard limits that are passed: URL, or {url, headers}.',
    ['url', 'headers'],
  ],
} as const satisfies Record<string, Honoured>

export const webhook = {
  url: [value.text, 'Where alerts are sent (POST, JSON).'],
  headers: [value.textMap, 'Sent with every alert.'],
} as const satisfies Record<string, Honoured>

/** What all callers together may ask: `tollgate_settings.limits`. */
export const limits = {
  rpm: [value.count, 'Requests per minute of all callers. Default: no limit.'],
  tpm: [value.count, 'Tokens per minute of all callers, input and output. Default: no limit.'],
  max_parallel_requests: [
    value.count,
    'Calls under way at once. Default: general_settings.global_max_parallel_requests.',
  ],
} as const satisfies Record<string, Honoured>

/** What LiteLLM's keys for Redis cannot say: `tollgate_settings.redis`. It goes before them. */
export const redis = {
  url: [value.text, 'redis://user:password@host:port/db, or rediss:// for TLS.'],
  host: [value.text, 'Where there is no URL.'],
  port: [value.positiveCount, 'Default 6379.'],
  username: [value.text, "Of Redis's access lists."],
  password: [value.text, 'Default: the variable REDIS_PASSWORD.'],
  db: [value.count, 'The number of the database. Default 0.'],
  tls: [
    z.union([value.flag, value.map], { error: 'expected true, false or a map' }).describe('true, false, or a map'),
    'true, or {verify, verify_host, ca_file}.',
    ['verify', 'verify_host', 'ca_file'],
  ],
  nodes: [nodes, 'Nodes of a cluster, or of its sentinels when service is set.'],
  service: [value.text, 'The name by which sentinels know the master.'],
  sentinel_password: [value.text, 'The password of the sentinels themselves.'],
  namespace: [value.text, 'Keeps installations apart that share one Redis. Default: none.'],
  connect_timeout_ms: [value.milliseconds, 'Until a connection stands. Default 2000.'],
  command_timeout_ms: [value.milliseconds, 'How long a call waits for Redis before it goes on without. Default 100.'],
} as const satisfies Record<string, Honoured>

export const tls = {
  verify: [value.flag, 'The certificate must be signed by somebody trusted. Default true.'],
  verify_host: [value.flag, "The certificate must bear the host's name. Default: as verify."],
  ca_file: [value.text, 'A PEM file of certificates that are trusted as well; relative to the configuration.'],
} as const satisfies Record<string, Honoured>
