import { fresh } from './stage.ts'

/** Keys that no other run has, and the search for every form in which they could have got out. */
export class Secrets {
  readonly provider: string = fresh('sk-provider-')
  readonly master: string = fresh('sk-master-')
  readonly wrong: string = fresh('sk-wrong-')

  /** The forms of the keys that occur in a text; their beginnings are as telling as the whole. */
  foundIn(text: string): string[] {
    return formsOf([this.provider, this.master, this.wrong]).filter(form => text.includes(form))
  }
}

/** Every form in which keys could have got out. */
export function formsOf(keys: readonly string[]): string[] {
  return keys.flatMap(key => {
    // Random text may hold dashes too, so that what stands behind the last one may be next to nothing.
    const last = key.slice(key.lastIndexOf('-') + 1)
    const random = last.length >= 12 ? last.slice(0, 12) : key.slice(-12)
    const packed = Buffer.from(key).toString('base64').replace(/=+$/, '')
    return [key, random, packed, encodeURIComponent(key)]
  })
}
