// What the gateway is compared with: the upstream itself, and the least that a correct proxy on Node does.

export const direct = upstream => ({ name: 'direct', port: upstream.port, job: ({ path }) => atUpstream(path) })

export async function startBare(stage, upstream) {
  const env = { BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}` }
  const bare = await stage.server('bare.mjs', { env, core: 'contender' })
  return { name: 'bare', ...bare, job: ({ path }) => atUpstream(path) }
}

function atUpstream(prefix = '') {
  return { path: `${prefix}/v1/chat/completions`, headers: { authorization: 'Bearer sk-upstream' } }
}
