/** Paints text for a terminal, or leaves it as it is. */
export interface Colours {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly cyan: (text: string) => string
}

const plain = (text: string) => text

export const NO_COLOURS: Colours = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain }

const paint = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`

export const COLOURS: Colours = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  green: paint(32, 39),
  yellow: paint(33, 39),
  cyan: paint(36, 39),
}

/**
 * Colours when the stream is a terminal. `NO_COLOR` (https://no-color.org) takes them away, `FORCE_COLOR` other than 0 gives
 * them anywhere; with both, NO_COLOR wins.
 */
export function coloursFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Colours {
  if (env.NO_COLOR) return NO_COLOURS
  const force = env.FORCE_COLOR
  if (force !== undefined) return force === '0' || force === 'false' ? NO_COLOURS : COLOURS
  return stream.isTTY === true && env.TERM !== 'dumb' ? COLOURS : NO_COLOURS
}

/** Text for one line of a terminal: control characters, which could paint or move the cursor, become spaces. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones meant
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ')
}
