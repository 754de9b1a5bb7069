// What a call costs with two processes behind one port, against one.
import { startTollgate } from '../contenders/tollgate.mjs'
import { spread } from '../statistics.mjs'
import { rounds, settled } from './driver.mjs'

const CONNECTIONS = 20

export async function measureWorkers(stage, driver, { upstream, build, plan, say }) {
  const contenders = [
    await startTollgate(stage, upstream, { ...build, name: '1 worker' }),
    await startTollgate(stage, upstream, { ...build, name: '2 workers', workers: 2 }),
  ]
  // Until both listen: clients that come before stay with the first one, and the second would be measured cold.
  for (const { process } of contenders) await settled(process)
  say('warming up')
  // Twice as many for two.
  await driver.warm(contenders[0], 'small', { mostMs: plan.warmMs })
  await driver.warm(contenders[1], 'small', { mostMs: 2 * plan.warmMs, calls: 140_000 })
  say('one worker and two')
  const job = { connections: CONNECTIONS, durationMs: plan.busyMs }
  const [one, two] = Object.values(
    await rounds(plan.busyRounds, contenders, contender => driver.priced(contender, 'small', job)),
  )
  for (const contender of contenders) await stage.end(contender.process)
  const of = list => spread(list.map(({ cpuMicros }) => cpuMicros))
  return { one: of(one), two: of(two), ratio: spread(two.map((round, at) => round.cpuMicros / one[at].cpuMicros)) }
}
