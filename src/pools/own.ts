/** The entry of a record under a name that came from outside: `constructor` and the like are no entries. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
