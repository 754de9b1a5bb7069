import { Command } from 'commander'
import { configJsonSchema } from '../config/json-schema.ts'

const EXAMPLES = `
In an editor with YAML support, put this on the first line of the configuration:
  # yaml-language-server: $schema=./node_modules/tollgate/tollgate.schema.json

Examples:
  $ tollgate schema > tollgate.schema.json
`

/** `tollgate schema`: the configuration's JSON Schema, for editors. */
export function schemaCommand(): Command {
  return new Command('schema')
    .description("print the JSON Schema of the configuration's file")
    .addHelpText('after', EXAMPLES)
    .action(() => {
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
    })
}
