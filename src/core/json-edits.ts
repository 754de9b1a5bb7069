import { type Member, membersOf, type Span } from './json-scan.ts'
import type { Edit } from './pieces.ts'

/** What becomes of members of an object, by their names: what they are called from now on, or undefined for those that go. */
export type MemberChanges = ReadonlyMap<string, string | undefined>

const NOTHING = Buffer.alloc(0)

/**
 * How the text of an object is changed so that members of the outermost one go, or are called otherwise. All others stay as they are
 * written: an integer of 64 bits keeps its digits, a long text stays bytes, for a walk over them.
 */
export function memberEdits(json: Uint8Array, changes: MemberChanges): readonly Edit[] {
  const members = membersOf(json)
  const edits: Edit[] = []
  let isFirst = true
  for (const [index, member] of members.entries()) {
    const name = nameOf(json, member.name)
    const to = changes.has(name) ? changes.get(name) : name
    if (to === undefined) edits.push({ ...withComma(members, index, isFirst), bytes: NOTHING })
    else if (to !== name) edits.push({ ...member.name, bytes: Buffer.from(JSON.stringify(to)) })
    if (to !== undefined) isFirst = false
  }
  return edits
}

/** The member at `index` with one comma beside it: that behind it while no member before it stays. */
function withComma(members: readonly Member[], index: number, isFirst: boolean): Span {
  const [before, one, after] = [members[index - 1], members[index], members[index + 1]]
  const { start, end } = { start: one?.name.start ?? 0, end: one?.value.end ?? 0 }
  return isFirst ? { start, end: after?.name.start ?? end } : { start: before?.value.end ?? start, end }
}

/** Where a place that no edit touches stands after them. */
export function afterEdits({ start, end }: Span, edits: readonly Edit[]): Span {
  let shift = 0
  for (const edit of edits) if (edit.end <= start) shift += edit.bytes.length - (edit.end - edit.start)
  return { start: start + shift, end: end + shift }
}

/** The value of the member, as the last of that name has it; undefined when there is none. */
export function memberText(json: Uint8Array, name: string): string | undefined {
  const value = membersOf(json).findLast(member => nameOf(json, member.name) === name)?.value
  return value && textAt(json, value)
}

/** A name is short, unless somebody means harm: then it is none of those that are looked for. */
function nameOf(json: Uint8Array, place: Span): string {
  try {
    return String(JSON.parse(textAt(json, place)))
  } catch {
    return ''
  }
}

function textAt(json: Uint8Array, { start, end }: Span): string {
  return Buffer.from(json.buffer, json.byteOffset + start, end - start).toString('utf8')
}
