import { type SumRow, Tally } from './spend-sums.ts'

/** What is known of a key beside its spending. */
export interface KeyFacts {
  readonly key_alias: string | null
  readonly team_id: string | null
}

export const NO_KEY: KeyFacts = { key_alias: null, team_id: null }

/** Where the spending of a day went: LiteLLM's dimensions. */
const DIMENSIONS = ['models', 'model_groups', 'providers', 'endpoints', 'entities'] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** One thing that money was spent on, and by which keys. */
class Part {
  readonly all = new Tally()
  readonly byKey = new Map<string, Tally>()

  add(key: string, row: SumRow): void {
    this.all.add(row)
    tallyOf(this.byKey, key).add(row)
  }
}

/** The spending of one day, by everything that LiteLLM breaks it down by. */
export class DayActivity {
  readonly all = new Tally()
  readonly #keys = new Map<string, Tally>()
  readonly #parts = new Map<Dimension, Map<string, Part>>(DIMENSIONS.map(one => [one, new Map()]))

  /** A group of rows, with what it is a part of. */
  add(key: string, names: Readonly<Partial<Record<Dimension, string>>>, row: SumRow): void {
    this.all.add(row)
    tallyOf(this.#keys, key).add(row)
    for (const [dimension, name] of Object.entries(names)) this.addPart(dimension as Dimension, name, { key, row })
  }

  addPart(dimension: Dimension, name: string, { key, row }: { readonly key: string; readonly row: SumRow }): void {
    const parts = this.#parts.get(dimension)
    const part = parts?.get(name) ?? new Part()
    parts?.set(name, part)
    part.add(key, row)
  }

  keys(): readonly string[] {
    return [...this.#keys.keys()]
  }

  entities(): readonly string[] {
    return [...(this.#parts.get('entities')?.keys() ?? [])]
  }

  result(
    date: string,
    facts: { readonly keys: ReadonlyMap<string, KeyFacts>; readonly entities: ReadonlyMap<string, object> },
  ) {
    const keyBody = ([key, tally]: readonly [string, Tally]) =>
      [key, { metrics: tally.metrics(), metadata: facts.keys.get(key) ?? NO_KEY }] as const
    const partBody = (dimension: Dimension) =>
      Object.fromEntries(
        [...(this.#parts.get(dimension) ?? [])].map(([name, part]) => [
          name,
          {
            metrics: part.all.metrics(),
            metadata: dimension === 'entities' ? (facts.entities.get(name) ?? {}) : {},
            api_key_breakdown: Object.fromEntries([...part.byKey].map(keyBody)),
          },
        ]),
      )
    return {
      date,
      metrics: this.all.metrics(),
      breakdown: {
        ...Object.fromEntries(DIMENSIONS.map(one => [one, partBody(one)])),
        api_keys: Object.fromEntries([...this.#keys].map(keyBody)),
        mcp_servers: {},
      },
    }
  }
}

function tallyOf(tallies: Map<string, Tally>, name: string): Tally {
  const tally = tallies.get(name) ?? new Tally()
  tallies.set(name, tally)
  return tally
}
