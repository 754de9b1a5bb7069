import type { Random } from '../../core/clock.ts'

/** A whole number from 0 to `count - 1`, each as likely as the other. */
export function randomIndex(count: number, random: Random): number {
  return Math.min(Math.floor(random() * count), count - 1)
}
