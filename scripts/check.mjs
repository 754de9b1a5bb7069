// npm run check: lint, types, direction of imports (both in biome.json), and files that are made of others: the public API,
// the configuration's schema, WebAssembly.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import wabt from 'wabt'
import { ensureBuilt, root, runTool } from './lib/setup.mjs'

const accept = process.argv.includes('--accept')

ensureBuilt()
runTool('biome', ['check', '.'])
runTool('tsc', ['-p', '.'])
compare('the public API', join(root, 'api', 'tollgate.api.txt'), publicApi())
compare('the configuration schema', join(root, 'tollgate.schema.json'), schema())
compare('the WebAssembly', join(root, 'src', 'core', 'string-end.wasm.ts'), await assembled('string-end'))
console.log('check: all is well')

/** A file under version control that must say what the code says; `--accept` writes it anew. */
function compare(what, path, actual) {
  const expected = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (actual === expected) return
  if (accept) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, actual)
    console.log(`${what} has changed: ${path} is written anew`)
    return
  }
  console.error(`${what} differs from ${path}; if that is meant, run: npm run check -- --accept`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, actual)
  try {
    execFileSync('diff', ['-uN', path, `${path}.new`], { stdio: 'inherit' })
  } catch {
    // diff tells of a difference by its exit code.
  }
  rmSync(`${path}.new`)
  process.exit(1)
}

/** The declarations of the entry points, as the build rolled them up. */
function publicApi() {
  const entries = ['index', 'gateway', 'testing']
  return entries.map(name => `// tollgate/${name}\n${declarations(name)}`).join('\n')
}

function declarations(name) {
  return (
    readFileSync(join(root, 'dist', `${name}.d.mts`), 'utf8')
      .replace(/^\/\/# sourceMappingURL.*$/m, '')
      .replace(/from "\.\/([\w-]+)-[\w-]{8}\.mjs"/g, 'from "./$1.mjs"')
      // The build gives what its chunks share short names, which change with anything else that is shared.
      .replace(/^import \{ (.*) \}/gm, (_, names) => `import { ${realNames(names)} }`)
  )
}

function realNames(names) {
  const real = names.split(', ').map(name => name.replace(/^[\w$]+ as /, ''))
  return real.sort().join(', ')
}

function schema() {
  return execFileSync(process.execPath, [join(root, 'bin', 'tollgate.js'), 'schema'], { encoding: 'utf8' })
}

/** A module of TypeScript that holds what is made of `src/core/NAME.wat`: one that runs needs neither a compiler nor a file. */
async function assembled(name) {
  const source = readFileSync(join(root, 'src', 'core', `${name}.wat`), 'utf8')
  const module = (await wabt()).parseWat(`${name}.wat`, source)
  const code = Buffer.from(module.toBinary({}).buffer).toString('base64')
  const constant = name.toUpperCase().replace('-', '_')
  return `/** \`${name}.wat\`, assembled by \`npm run check -- --accept\`, in base64. */\nexport const ${constant} =\n  '${code}'\n`
}
