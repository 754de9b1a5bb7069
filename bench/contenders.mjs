// Starts who is compared: the upstream alone, the bare pass-through, and the gateway with everything on.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MASTER_KEY } from './answers.mjs'
import { freePort, Process, ready, startLoad, startServer } from './processes.mjs'

const fromRoot = path => fileURLToPath(new URL(`../${path}`, import.meta.url))

/**
 * Starts all of them. `program` is the gateway's, by default this clone's; `flags` go to its Node, such as `--cpu-prof`.
 */
export async function startAll({ program = fromRoot('bin/tollgate.js'), flags = [] } = {}) {
  const upstream = await startServer('upstream.mjs')
  const address = `http://127.0.0.1:${upstream.port}`
  const bare = await startServer('bare.mjs', { BENCH_UPSTREAM: address })
  const gateway = await startGateway(address, { program, flags })
  const load = await startLoad()
  return {
    ports: { direct: upstream.port, bare: bare.port, tollgate: gateway.port },
    processes: { bare: bare.process, tollgate: gateway.process },
    load,
    async stop() {
      // The gateway first: it hands its last spans to the upstream.
      for (const one of [load, gateway.process, bare.process, upstream.process]) await one.stop()
      rmSync(gateway.folder, { recursive: true, force: true })
    },
  }
}

async function startGateway(upstream, { program, flags }) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'))
  const port = await freePort()
  const env = {
    BENCH_UPSTREAM_V1: `${upstream}/v1`,
    BENCH_MASTER_KEY: MASTER_KEY,
    BENCH_JSONL: join(folder, 'calls.jsonl'),
    BENCH_TRACES: `${upstream}/v1/traces`,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.1',
    NODE_ENV: 'production',
  }
  const args = ['serve', '--config', fromRoot('bench/config.yaml'), '--host', '127.0.0.1', '--port', String(port)]
  const gateway = new Process(program, { args, env, flags })
  await ready(gateway, `http://127.0.0.1:${port}/health/liveliness`)
  return { process: gateway, port, folder }
}
