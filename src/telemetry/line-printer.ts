import { type Clock, type Ms, systemClock, type Timer } from '../core/clock.ts'
import type { ExitHook } from './json-lines.ts'

/** Where lines are printed: standard output, which takes them at once on POSIX. */
export interface PrintStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export interface LinePrinterOptions {
  readonly clock?: Clock
  /** Where the last resort hangs. Default: `process`. */
  readonly exit?: ExitHook
  /**
   * Other processes print to the same stream: then no write is longer than what a pipe takes in one piece (PIPE_BUF, 4,096
   * bytes, POSIX write(2)), so that lines are not mixed. A single longer line may be. Default false.
   */
  readonly shared?: boolean
}

/** Prints lines together: a write to a pipe takes 15 µs with all that Node does for it, whether of one line or a hundred. */
export interface LinePrinter {
  /** Takes a line without its end. */
  readonly print: (line: string) => void
  /** Prints what waits, and what comes later at once. Done on `exit` by itself. */
  readonly close: () => void
}

/** Whoever follows a file or a pipe sees no difference, and a busy gateway writes 10 times a second. */
const DELAY_MS: Ms = 100
/** So many characters do not wait: as much as a pipe takes. */
const BATCH_SIZE = 65_536
/** Bytes that a pipe takes in one piece. */
const ATOMIC_SIZE = 4_096

/** A terminal has its lines in the next turn of the loop, everything else within 100 ms. */
export function linePrinter(stream: PrintStream, options: LinePrinterOptions = {}): LinePrinter {
  const { clock = systemClock, exit = process, shared = false } = options
  const delay = stream.isTTY ? 0 : DELAY_MS
  let waiting = ''
  let closed = false
  let timer: Timer | undefined
  const flush = () => {
    timer?.cancel()
    timer = undefined
    const text = waiting
    waiting = ''
    for (const piece of shared ? atomicPieces(text) : [text]) if (piece !== '') stream.write(piece)
  }
  const print = (line: string) => {
    waiting += `${line}\n`
    if (closed || waiting.length >= BATCH_SIZE) flush()
    else timer ??= clock.after(delay, flush)
  }
  exit.on('exit', flush)
  return {
    print,
    close() {
      closed = true
      flush()
      exit.off('exit', flush)
    },
  }
}

/** Whole lines together, as many as are taken in one piece. */
function atomicPieces(text: string): string[] {
  const pieces: string[] = []
  let piece = ''
  let size = 0
  for (const line of text.split(/(?<=\n)/)) {
    const lineSize = Buffer.byteLength(line)
    if (size + lineSize > ATOMIC_SIZE) {
      pieces.push(piece)
      piece = ''
      size = 0
    }
    piece += line
    size += lineSize
  }
  return [...pieces, piece]
}
