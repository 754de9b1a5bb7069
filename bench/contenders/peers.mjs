// Other gateways: Portkey's from npm, and whatever a command starts.
import { answers, freePort } from '../stage/stage.mjs'
import { portkeyProgram } from './portkey-package.mjs'

const COMMAND_READY_MS = 120_000

export async function startPortkey(stage, upstream) {
  const port = await freePort()
  const started = stage.node(portkeyProgram(), {
    name: 'portkey',
    args: ['--headless', `--port=${port}`],
    env: { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1' },
    core: 'contender',
  })
  await answers(started, `http://127.0.0.1:${port}/`)
  const headers = {
    authorization: 'Bearer sk-upstream',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstream.port}/v1`,
  }
  return { name: 'portkey', process: started, port, job: () => ({ headers }) }
}

/** The command is told PORT, where it is to listen, and UPSTREAM, whom it is to call. */
export async function startCommand(stage, upstream, { name, command }) {
  const port = await freePort()
  const env = { PORT: `${port}`, UPSTREAM: `http://127.0.0.1:${upstream.port}/v1` }
  const started = stage.command(name, ['sh', '-c', `exec ${command}`], { env, core: 'contender' })
  await answers(started, `http://127.0.0.1:${port}/`, COMMAND_READY_MS)
  const headers = { authorization: `Bearer ${process.env.PEER_KEY ?? 'sk-peer'}` }
  return { name, process: started, port, job: () => ({ headers }) }
}
