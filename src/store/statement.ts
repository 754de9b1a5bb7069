import type { CompiledQuery, Kysely, RawBuilder } from 'kysely'
import type { Database } from './schema.ts'

/**
 * A statement that is put together once per store: of many columns, that takes longer than a hundred rows do. Each use
 * gives its parameters anew, in the order of the text.
 */
export class Statement<Row> {
  readonly #text: (db: Kysely<Database>) => RawBuilder<Row>
  readonly #compiled = new WeakMap<object, CompiledQuery<Row>>()

  constructor(text: (db: Kysely<Database>) => RawBuilder<Row>) {
    this.#text = text
  }

  async run(db: Kysely<Database>, parameters: readonly unknown[]): Promise<Row[]> {
    const { rows } = await db.executeQuery<Row>({ ...this.#compiledFor(db), parameters })
    return rows
  }

  #compiledFor(db: Kysely<Database>): CompiledQuery<Row> {
    const { adapter } = db.getExecutor()
    const known = this.#compiled.get(adapter)
    if (known) return known
    const compiled = this.#text(db).compile(db)
    this.#compiled.set(adapter, compiled)
    return compiled
  }
}
