import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import { structuredSchema } from './schema.ts'

describe('a structured schema', () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      'closes objects at every depth',
      { type: 'object', properties: { a: { type: 'object' } }, additionalProperties: true },
      {
        type: 'object',
        properties: { a: { type: 'object', additionalProperties: false } },
        additionalProperties: false,
      },
    ],
    [
      'moves constraints into the description',
      { type: 'integer', description: 'How many', minimum: 1, maximum: 9 },
      { type: 'integer', description: 'How many\n\n{minimum: 1, maximum: 9}' },
    ],
    ['keeps formats it knows', { type: 'string', format: 'date' }, { type: 'string', format: 'date' }],
    [
      'describes formats it does not',
      { type: 'string', format: 'iri' },
      { type: 'string', description: '{format: "iri"}' },
    ],
    [
      'keeps small minItems only',
      { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string', minLength: 2 } },
      {
        type: 'array',
        minItems: 1,
        items: { type: 'string', description: '{minLength: 2}' },
        description: '{maxItems: 3}',
      },
    ],
    [
      'turns oneOf into anyOf',
      { oneOf: [{ type: 'string' }, { type: 'null' }] },
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
    ],
    [
      'leaves a reference alone with its definitions',
      { $ref: '#/$defs/a', description: 'x', $defs: { a: { type: 'object', properties: {} } } },
      { $ref: '#/$defs/a', $defs: { a: { type: 'object', properties: {}, additionalProperties: false } } },
    ],
    ['forgets the dialect', { $schema: 'https://json-schema.org/draft/2020-12/schema', const: 1 }, { const: 1 }],
    [
      'says of a map what its values are',
      { type: 'object', additionalProperties: { type: 'number' } },
      { type: 'object', additionalProperties: false, description: '{additionalProperties: {"type":"number"}}' },
    ],
    [
      'closes nullable objects',
      { type: ['object', 'null'] },
      { type: ['object', 'null'], additionalProperties: false },
    ],
  ])('%s', (_name, schema, expected) => {
    expect(structuredSchema(schema)).toEqual(expected)
  })

  it('is its own structured schema, whatever it was', () => {
    const { schema } = fc.letrec(tie => ({
      schema: fc.oneof(
        { maxDepth: 4 },
        fc.record(
          { type: fc.constantFrom('string', 'integer'), minLength: fc.nat(), format: fc.constantFrom('date', 'iri') },
          { requiredKeys: ['type'] },
        ),
        fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(3) }),
        fc.record({
          type: fc.constant('object'),
          properties: fc.dictionary(fc.string(), tie('schema')),
          minProperties: fc.nat(),
        }),
        fc.record({ anyOf: fc.array(tie('schema')), title: fc.string() }),
      ),
    }))
    fc.assert(
      fc.property(schema, given => {
        const once = structuredSchema(given as JsonObject)
        expect(structuredSchema(once)).toEqual(once)
        expect(JSON.stringify(once)).not.toMatch(/"(minLength|minProperties)":/)
      }),
    )
  })
})
