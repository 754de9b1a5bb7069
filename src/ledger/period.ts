export { firstStart, isPeriod, latestStart, nextReset } from '../core/period.ts'
