// Many keys in a store: copies of the one that there is. Through the API it would take minutes.
import { createHmac } from 'node:crypto'
import Database from 'libsql'
import { CALLER_KEY, keyNumber } from '../loads.mjs'

export function manyKeys(file, count) {
  const db = new Database(file)
  try {
    db.pragma('busy_timeout = 10000')
    const { value: pepper } = db.prepare("select value from meta where name = 'key_pepper'").get()
    const idOf = key => createHmac('sha256', pepper).update(key).digest('hex')
    const model = db.prepare('select * from keys where id = ?').get(idOf(CALLER_KEY))
    const names = db
      .prepare('pragma table_info(keys)')
      .all()
      .map(({ name }) => name)
    const insert = db.prepare(`insert into keys (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`)
    const all = db.transaction(() => {
      for (let number = 1; number < count; number++) {
        const row = { ...model, id: idOf(keyNumber(number)), alias: `key ${number}` }
        insert.run(names.map(name => row[name]))
      }
    })
    all()
  } finally {
    db.close()
  }
}
