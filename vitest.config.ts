import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,test,examples}/**/*.test.ts', 'bench/**/*.test.mjs'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
