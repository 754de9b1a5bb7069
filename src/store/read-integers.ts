import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs, QueryResult, UnknownRow } from 'kysely'

const MONEY_COLUMNS: ReadonlySet<string> = new Set(['spent', 'leased', 'amount', 'cost', 'charge', 'held', 'overrun'])

/**
 * Both drivers read integers as bigint, and PostgreSQL's sums of them (`numeric`) as text of digits. Here money becomes
 * bigint and all else a number, by the name of the column: those of money in the schema, and all that end in `_nano`.
 */
export class ReadIntegers implements KyselyPlugin {
  transformQuery({ node }: PluginTransformQueryArgs): PluginTransformQueryArgs['node'] {
    return node
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    for (const row of result.rows) {
      for (const name in row) {
        const value = row[name]
        if (typeof value === 'bigint' && !isMoney(name)) row[name] = Number(value)
      }
    }
    return result
  }
}

function isMoney(name: string): boolean {
  return MONEY_COLUMNS.has(name) || name.endsWith('_nano')
}
