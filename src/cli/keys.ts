import { Command, InvalidArgumentError } from 'commander'
import type { ShownKey } from '../management/key-view.ts'
import type { Operation } from '../management/operation.ts'
import { type Management, manage } from './manage.ts'
import { table } from './table.ts'

const EXAMPLES = `
Examples:
  $ tollgate keys create --config config.yaml --alias ci --max-budget 25 --budget-duration 30d
  $ tollgate keys create --config config.yaml --team search --models 'gpt-4o,claude-*' --expires 90d --rpm 60
  $ tollgate keys list --config config.yaml
  $ tollgate keys info ci --config config.yaml
  $ tollgate keys revoke ci --config config.yaml

A key is named by its alias, by itself, or by its id (64 hexadecimal digits).
`

/** `tollgate keys`: virtual keys in the store, without a gateway that runs. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('make, list and revoke virtual keys in the store')
    .addHelpText('after', EXAMPLES)
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(infoCommand())
    .addCommand(revokeCommand())
}

interface Common {
  readonly config: string
  readonly json?: boolean
}

interface CreateOptions extends Common {
  readonly alias?: string
  readonly models?: readonly string[]
  readonly maxBudget?: number
  readonly budgetDuration?: string
  readonly expires?: string
  readonly user?: string
  readonly team?: string
  readonly rpm?: number
  readonly tpm?: number
  readonly parallel?: number
}

function createCommand(): Command {
  return common(new Command('create'), 'make a key; it is shown once')
    .option('--alias <name>', 'a name for people, unique among keys')
    .option('--models <names>', 'pools that it may use, with commas; * stands for any text (default: all)', words)
    .option('--max-budget <dollars>', 'what it may spend (default: no limit)', amount)
    .option('--budget-duration <duration>', 'how long the budget runs: 30d, 1mo, daily (default: for ever)')
    .option('--expires <duration>', 'until it ends: 12h, 90d (default: never)')
    .option('--user <id>', 'whose it is')
    .option('--team <id>', 'the team whose budget and limits bound it')
    .option('--rpm <number>', 'requests per minute', whole)
    .option('--tpm <number>', 'tokens per minute', whole)
    .option('--parallel <number>', 'calls at once', whole)
    .action((options: CreateOptions) =>
      manage(options.config, async management => {
        const { keyGenerate } = await import('../management/keys-generate.ts')
        const made = await management.do(keyGenerate, fieldsOf(options))
        print(options, made, () => `${made.key}\n`)
        if (!options.json) process.stderr.write(`id ${made.token}; the key is not shown again\n`)
        warnIfOpen(management)
      }),
    )
}

function fieldsOf(options: CreateOptions): object {
  return {
    key_alias: options.alias,
    models: options.models,
    max_budget: options.maxBudget,
    budget_duration: options.budgetDuration,
    duration: options.expires,
    user_id: options.user,
    team_id: options.team,
    rpm_limit: options.rpm,
    tpm_limit: options.tpm,
    max_parallel_requests: options.parallel,
  }
}

/** A key with a budget bounds nobody who need not use it. */
function warnIfOpen({ isOpen }: Management): void {
  if (isOpen)
    process.stderr.write('tollgate: no general_settings.master_key is set: the gateway takes calls without any key\n')
}

interface ListOptions extends Common {
  readonly user?: string
  readonly team?: string
  readonly page: number
}

interface KeyPage {
  readonly keys: readonly ShownKey[]
  readonly total_count: number
  readonly current_page: number
  readonly total_pages: number
}

function listCommand(): Command {
  return common(new Command('list'), 'list keys, the newest first')
    .option('--user <id>', 'those of a user')
    .option('--team <id>', 'those of a team')
    .option('--page <number>', 'a hundred keys are a page', whole, 1)
    .action((options: ListOptions) =>
      manage(options.config, async management => {
        const { keyList } = await import('../management/keys-list.ts')
        const page = await management.do(keyList as Operation<unknown, KeyPage>, {
          page: options.page,
          size: 100,
          return_full_object: 'true',
          user_id: options.user,
          team_id: options.team,
        })
        print(options, page, () => `${table(HEADINGS, page.keys.map(cells))}${pages(page)}`)
      }),
    )
}

const HEADINGS = ['ALIAS', 'KEY', 'ID', 'USER', 'TEAM', 'SPENT', 'BUDGET', 'PERIOD', 'EXPIRES', 'STATE'] as const

function cells(key: ShownKey): readonly string[] {
  const { max_budget: limit, budget_duration: period } = key as ShownKey & {
    max_budget?: unknown
    budget_duration?: unknown
  }
  return [
    key.key_alias ?? '-',
    key.key_name,
    key.token.slice(0, 12),
    key.user_id ?? '-',
    key.team_id ?? '-',
    `$${key.spend}`,
    typeof limit === 'number' ? `$${limit}` : '-',
    typeof period === 'string' ? period : '-',
    key.expires?.slice(0, 16) ?? 'never',
    key.blocked ? 'blocked' : 'active',
  ]
}

function pages({ total_count, current_page, total_pages }: KeyPage): string {
  return `${total_count} keys${total_pages > 1 ? `, page ${current_page} of ${total_pages}` : ''}\n`
}

/** What says nothing of a key. */
const EMPTY: ReadonlySet<string | undefined> = new Set(['null', '""', '[]', '{}'])

function infoCommand(): Command {
  return common(new Command('info'), 'show a key, and what it has spent')
    .argument('<key>', 'its alias, itself, or its id')
    .action((named: string, options: Common) =>
      manage(options.config, async management => {
        const { keyInfo } = await import('../management/keys-info.ts')
        const { info } = await management.do(keyInfo, { key: await idOf(management, named) })
        print(options, info, () => {
          const said = Object.entries(info).filter(([, value]) => !EMPTY.has(JSON.stringify(value)))
          return table(
            ['FIELD', 'VALUE'],
            said.map(([name, value]) => [name, textOf(value)]),
          )
        })
      }),
    )
}

function revokeCommand(): Command {
  return common(new Command('revoke'), 'delete keys: a running gateway refuses them within a second')
    .argument('<keys...>', 'their aliases, themselves, or their ids')
    .action((named: readonly string[], options: Common) =>
      manage(options.config, async management => {
        const { keyDelete } = await import('../management/keys-delete.ts')
        const keys: string[] = []
        for (const one of named) keys.push(await idOf(management, one))
        const answer = await management.do(keyDelete, { keys })
        print(options, answer, () => `revoked: ${named.map(shown).join(', ')}\n`)
      }),
    )
}

/** What is neither a key nor an id is an alias. */
async function idOf(management: Management, named: string): Promise<string> {
  if (named.startsWith('sk-') || /^[0-9a-f]{64}$/.test(named)) return named
  const { keyNamed } = await import('../management/keys-info.ts')
  return management.do(keyNamed, { key_alias: named })
}

function shown(named: string): string {
  return named.startsWith('sk-') ? `sk-...${named.slice(-4)}` : named
}

function common(command: Command, description: string): Command {
  return command
    .description(description)
    .requiredOption('-c, --config <file>', 'the configuration, which says where the store is')
    .option('--json', 'print JSON')
}

function print({ json }: Common, answer: unknown, text: () => string): void {
  process.stdout.write(json ? `${JSON.stringify(answer, null, 2)}\n` : text())
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function words(text: string): readonly string[] {
  return text
    .split(',')
    .map(word => word.trim())
    .filter(Boolean)
}

function amount(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give an amount in US dollars, such as 25 or 0.50.')
}

function whole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a whole number.')
}
