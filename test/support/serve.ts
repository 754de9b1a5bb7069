import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/core/json.ts'
import { root, startNode } from './child.ts'
import { fresh, type Stage } from './stage.ts'

/** `tollgate serve` with a master key, as a client sees it. */
export interface ServedProcess {
  readonly url: string
  readonly master: string
  /** Posts to it, with the master key or another. */
  ask(path: string, body: object, key?: string): Promise<ServedAnswer>
  /** A new key with these fields. */
  key(fields: JsonObject): Promise<string>
  /** Asks a pool, and gives back the whole answer. */
  chat(model: string, key: string, more?: JsonObject): Promise<ServedAnswer>
}

export interface ServedAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Serves a configuration in a process of its own, with a store, until the stage is cleared. Build first (`ensureBuilt`). */
export async function serveProcess(stage: Stage, yaml: string): Promise<ServedProcess> {
  const master = fresh('sk-master-')
  const config = join(stage.folder(), 'config.yaml')
  writeFileSync(config, `${yaml}general_settings: {master_key: ${master}}\n`)
  const child = startNode([join(root, 'bin', 'tollgate.js'), 'serve', '--config', config, '--port', '0'])
  stage.later(async () => {
    child.signal('SIGKILL')
    await child.exited
  })
  const [, url = ''] = await child.printed(/listens on \S*?(http:\/\/127\.0\.0\.1:\d+)/)
  const ask: ServedProcess['ask'] = async (path, body, key = master) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  return {
    url,
    master,
    ask,
    key: async fields => String(JSON.parse((await ask('/key/generate', fields)).text).key),
    chat: (model, key, more) =>
      ask('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'hello' }], ...more }, key),
  }
}
