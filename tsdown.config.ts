import { defineConfig, type Rolldown } from 'tsdown'

/** One character beyond Latin-1 makes V8 keep the whole text of a file with two bytes each: 1 MB of a gateway that rests. */
const latin1: Rolldown.Plugin = {
  name: 'latin1',
  generateBundle(_, bundle) {
    for (const part of Object.values(bundle))
      if (part.type === 'chunk') part.code = part.code.replace(/[^\0-\xff]/g, escaped)
  },
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

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
  plugins: [latin1],
  // Bundled, because each small file that is loaded costs a start a third of a millisecond (Kysely alone has 250), and zod is
  // shaken down to what is used: importing the library costs 70 ms instead of 110.
  deps: { onlyBundle: ['commander', 'kysely', 'yaml', 'zod'] },
  logLevel: 'warn',
})
