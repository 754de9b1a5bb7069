import { Command } from 'commander'
import { defaultConfig } from '../config/default-config.ts'
import { migrate } from '../store/open-store.ts'
import { loadForStore } from './load-for-store.ts'

const EXAMPLES = `
Examples:
  $ tollgate migrate --config config.yaml
  $ DATABASE_URL=postgres://tollgate@db/tollgate tollgate migrate

The gateway does this by itself when it starts, also when several start at once. Do it beforehand where only
this command may change tables.
`

/** `tollgate migrate`: brings the tables of the store up to date. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the tables of the store up to date')
    .option('-c, --config <file>', 'a LiteLLM configuration (default: DATABASE_URL, else .tollgate/tollgate.db)')
    .addHelpText('after', EXAMPLES)
    .action(async ({ config: path }: { readonly config?: string }) => {
      const source = path === undefined ? { object: defaultConfig(process.env) } : { path }
      const { settings } = loadForStore(source)
      const warn = (message: string) => void process.stderr.write(`tollgate: ${message}\n`)
      const { done, before } = await migrate(settings.store, { warn })
      const what =
        done.length === 0 ? `nothing to do: ${before.length} steps were taken before` : `done: ${done.join(', ')}`
      process.stdout.write(`${what}\n`)
    })
}
