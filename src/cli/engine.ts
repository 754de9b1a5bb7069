import { setFlagsFromString } from 'node:v8'

/**
 * What a gateway asks of V8, in a process that serves calls and does nothing else.
 *
 * - More is inlined. The way of a call is a thousand small functions, and V8 stops at 920 bytes of bytecode for each that it
 *   optimises: with these limits a small call takes 10 % less CPU as a plain router and up to 9 % with everything on
 *   (docs/performance.md); higher ones bring nothing more.
 * - No collection for the sake of memory when calls pause: V8 throws away most of the code that it has made for calls then,
 *   and the first 1,500 after half a minute without calls took up to two seconds (Node 20).
 */
const FLAGS = [
  '--max-inlined-bytecode-size-cumulative=2500',
  '--max-inlined-bytecode-size=900',
  '--no-memory-reducer',
] as const

/** Sets V8 for serving. Before the code of calls is loaded: what was optimised already stays as it is. */
export function tuneEngine(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}
