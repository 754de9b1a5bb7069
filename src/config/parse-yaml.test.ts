import { describe, expect, it } from 'vitest'
import { Findings, formatFinding } from './finding.ts'
import { parseYaml } from './parse-yaml.ts'
import { Places, type Tree } from './tree.ts'

function read(text: string) {
  const findings = new Findings()
  const places = new Places()
  const value = parseYaml(text, { file: 'config.yaml', findings, places })
  return { value, places, findings: findings.list, lines: findings.list.map(formatFinding) }
}

describe('parseYaml', () => {
  it.each([
    ['yes', true],
    ['No', false],
    ['on', true],
    ['OFF', false],
    ['true', true],
    ['y', 'y'],
    ['n', 'n'],
    ['"yes"', 'yes'],
    ['010', 8],
    ['1:30', 90],
    ['0x1F', 31],
    ['1_000', 1000],
    ['1.5e-3', 0.0015],
    ['2024-06-01', '2024-06-01'],
    ['2024-06-01T10:00:00Z', '2024-06-01T10:00:00Z'],
    ['~', null],
    ['', null],
    ['.inf', '.inf'],
    ['os.environ/KEY', 'os.environ/KEY'],
  ])('reads %s as PyYAML would, or better', (text, value) => {
    expect(read(`key: ${text}`).value).toEqual({ key: value })
  })

  it('remembers where keys and items stand', () => {
    const { value, places } = read('a:\n  b: 1\n  c:\n    - x\n    - y\n')
    const tree = value as Tree
    expect(places.of(tree, 'a')).toEqual({ file: 'config.yaml', line: 1, column: 1 })
    expect(places.of(tree.a as Tree, 'c')).toEqual({ file: 'config.yaml', line: 3, column: 3 })
    expect(places.of((tree.a as Tree).c as string[], 1)).toEqual({ file: 'config.yaml', line: 5, column: 7 })
  })

  it('reports a repeated key and keeps the last value', () => {
    const { value, lines } = read('a: 1\nb: 2\na: 3\n')
    expect(value).toEqual({ a: 3, b: 2 })
    expect(lines).toEqual(['config.yaml:3:1 a: repeated key: the last value counts'])
  })

  it('follows anchors, aliases and merge keys', () => {
    const { value } = read('base: &base {a: 1, b: 2}\none: {<<: *base, b: 3}\ntwo: *base\n')
    expect(value).toEqual({ base: { a: 1, b: 2 }, one: { a: 1, b: 3 }, two: { a: 1, b: 2 } })
  })

  it('refuses a second document, which would be lost', () => {
    const { value, lines } = read('a: 1\n---\ngeneral_settings: {master_key: x}\n')
    expect(value).toBeUndefined()
    expect(lines).toEqual([expect.stringMatching(/^config\.yaml:2:1 a second document begins here/)])
    for (const text of ['---\na: 1\n', '# said\n---\na: 1\n...\n', '%YAML 1.1\n---\na: 1\n# end\n'])
      expect(read(text)).toMatchObject({ value: { a: 1 }, lines: [] })
  })

  it('names line and column of a syntax error', () => {
    const { value, findings } = read('a: 1\nb: [1, 2\nc: 3\n')
    expect(value).toBeUndefined()
    expect(findings[0]).toMatchObject({ severity: 'error', file: 'config.yaml', line: expect.any(Number) })
  })

  it('refuses a bomb of aliases', () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(`*${of}`).join(',')}]`
    const names = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
    const bomb = ['a: &a [x]', ...names.map((name, index) => level(name, index === 0 ? 'a' : (names[index - 1] ?? '')))]
    const { value, lines } = read(bomb.join('\n'))
    expect(value).toBeUndefined()
    expect(lines[0]).toContain('aliases expand')
  })

  it('survives an alias to itself and nesting without end', () => {
    expect(read('a: &a [*a]').value).toBeUndefined()
    expect(read('['.repeat(5_000)).value).toBeUndefined()
  })

  it('lets nobody reach the prototype', () => {
    const { value, lines } = read('__proto__: {polluted: true}\nconstructor: {prototype: {polluted: true}}\n')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(Object.keys(value as Tree)).toEqual(['constructor'])
    expect(lines).toEqual(['config.yaml:1:1 __proto__: is not a permitted key'])
  })
})
