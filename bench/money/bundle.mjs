// Bundles the sources that a measurement asks for, so that what is measured is what would be shipped.
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'

const fromRoot = path => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The exports of `parts.mjs`. */
export async function parts() {
  await build({
    config: false,
    cwd: fromRoot(''),
    entry: {
      parts: fromRoot('bench/money/parts.mjs'),
      'sqlite-worker': fromRoot('src/store/sqlite/sqlite-worker.mjs'),
    },
    outDir: fromRoot('dist/bench'),
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    dts: false,
    logLevel: 'error',
  })
  return import(new URL('../../dist/bench/parts.mjs', import.meta.url).href)
}
