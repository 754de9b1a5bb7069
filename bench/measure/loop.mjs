// How long a contender's event loop is held up, by one client that asks one thing after the other: with more of them
// requests that came at once would be taken for one.
import { spread } from '../statistics.mjs'
import { rounds } from './driver.mjs'

/** Milliseconds at most in each round, by name. The look itself costs CPU time, so nothing else is measured meanwhile. */
export async function heldUp(driver, name, { contenders, plan, say }) {
  const watched = contenders.filter(one => one.watchesLoop !== false)
  say('how long the event loop is held up')
  const job = { connections: 1, durationMs: plan.steadyMs }
  const seen = await rounds(plan.loopRounds, watched, async one => {
    await one.process.ask({ watchLoop: true }, 'watchLoop')
    await driver.run(one, name, job)
    return one.process.ask({ loop: true }, 'loop')
  })
  return Object.fromEntries(watched.map(one => [one.name, spread(seen[one.name].map(({ maxMs }) => maxMs))]))
}
