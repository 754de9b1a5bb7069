import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { Exchange } from './exchange.ts'
import type { RedisClient } from './redis-client.ts'
import { redisExchange } from './redis-exchange.ts'

/** A Redis within this process that only passes on what is published, and can be away. What is told arrives at once. */
export function exchangesOverRedis(clock: Clock) {
  const hearers = new Set<(message: string) => void>()
  const upListeners = new Set<() => void>()
  let up = true
  const client = (): RedisClient => ({
    get up() {
      return up
    },
    key: name => name,
    slotKey: name => name,
    async run(_, [, text]) {
      if (!up) throw new Failure('unavailable', 'Redis is away')
      for (const hear of hearers) hear(String(text))
    },
    script: async () => undefined,
    subscribe(_, listener) {
      hearers.add(listener)
      return () => void hearers.delete(listener)
    },
    onUp(listener) {
      upListeners.add(listener)
      return () => void upListeners.delete(listener)
    },
    ready: async () => up,
    close: async () => {},
  })
  return {
    start: (self: string): Exchange => redisExchange({ redis: client(), self, clock }),
    go() {
      up = false
    },
    comeBack() {
      up = true
      for (const listener of upListeners) listener()
    },
  }
}
