import type { Ms } from './clock.ts'

/** The shortest and the longest silence after which a stream is sent a comment. */
const SHORTEST_SECONDS = 1
const LONGEST_SECONDS = 300

/** Seconds of silence, as somebody asks for them, within the limits; 0 stays 0. */
export function keepaliveMs(seconds: number): Ms {
  return seconds === 0 ? 0 : Math.min(Math.max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS) * 1000
}
