import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    testing: 'src/testing/index.ts',
    gateway: 'src/gateway/index.ts',
    cli: 'src/cli/main.ts',
    // A worker thread loads it by its name (src/store/sqlite/sqlite-worker.ts).
    'sqlite-worker': 'src/store/sqlite/sqlite-worker.mjs',
  },
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  dts: true,
  sourcemap: true,
  // Bundled, because each small file that is loaded costs a start a third of a millisecond (Kysely alone has 250), and zod is
  // shaken down to what is used: importing the library costs 70 ms instead of 110.
  deps: { onlyBundle: ['commander', 'kysely', 'yaml', 'zod'] },
  logLevel: 'warn',
})
