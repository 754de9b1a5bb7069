import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { Supervisor } from './supervisor.ts'

const URL = 'http://127.0.0.1:4000'

function scene(count = 2) {
  const clock = new FakeClock()
  const warnings: string[] = []
  const started: string[] = []
  const stopped: string[] = []
  const killed: string[] = []
  const supervisor = new Supervisor({
    count,
    start() {
      const name = `${started.length + 1}`
      started.push(name)
      return { name, stop: () => stopped.push(name), kill: () => killed.push(name) }
    },
    clock,
    warn: line => warnings.push(line),
  })
  supervisor.begin()
  /** All that have started and do not listen yet do so now. */
  const listen = (...names: string[]) => {
    for (const name of names) supervisor.listening(name, URL)
  }
  const end = (name: string, code: number | null = 0) =>
    supervisor.ended(name, { code, signal: code === null ? 'SIGKILL' : null })
  return { clock, warnings, started, stopped, killed, supervisor, listen, end }
}

describe('a supervisor of workers', () => {
  it('starts the others when the first one listens, and is ready when all do', async () => {
    const { started, listen, supervisor } = scene(3)
    expect(started).toEqual(['1'])
    listen('1')
    expect(started).toEqual(['1', '2', '3'])
    listen('3', '2')
    expect(await supervisor.ready).toBe(URL)
  })

  it('gives up at once when the first one cannot listen', async () => {
    const { supervisor, end, started, warnings } = scene()
    end('1', 1)
    await expect(supervisor.ready).rejects.toThrow('ended before')
    expect(await supervisor.done).toBe(1)
    expect(started).toEqual(['1'])
    expect(warnings).toEqual(['the first worker ended with exit code 1 before it listened: giving up'])
  })

  it('replaces one that dies, and waits longer each time', () => {
    const { supervisor, listen, end, started, clock, warnings } = scene()
    listen('1', '2')
    end('2', null)
    expect(warnings).toEqual(['worker 2 ended by SIGKILL; another one is started in 100 ms'])
    clock.advance(99)
    expect(started).toHaveLength(2)
    clock.advance(1)
    expect(started).toHaveLength(3)
    end('3', 1)
    clock.advance(199)
    expect(supervisor.alive).toBe(1)
    clock.advance(1)
    expect(supervisor.alive).toBe(2)
    listen('4')
    clock.advance(10_000)
    end('4', 1)
    clock.advance(100)
    expect(started).toHaveLength(5)
  })

  it('gives up when workers die at once again and again, and stops the others', async () => {
    const { supervisor, listen, end, started, stopped, clock, warnings } = scene()
    listen('1', '2')
    for (let i = 0; i < 8; i++) {
      end(started.at(-1) ?? '', 7)
      clock.advance(5_000)
    }
    expect(warnings.at(-1)).toBe(
      '8 workers in a row ended soon after their start, the last one with exit code 7: giving up',
    )
    expect(stopped).toEqual(['1'])
    end('1', 0)
    expect(await supervisor.done).toBe(1)
    expect(clock.timers).toBe(0)
  })

  it('stops when all have stopped, and starts none meanwhile', async () => {
    const { supervisor, listen, end, started, stopped, clock } = scene(3)
    listen('1', '2', '3')
    end('2', 1)
    supervisor.stop()
    supervisor.stop()
    expect(stopped).toEqual(['1', '3'])
    end('1')
    clock.advance(20_000)
    end('3')
    expect(await supervisor.done).toBe(0)
    expect(started).toHaveLength(3)
    expect(clock.timers).toBe(0)
  })

  it('ends those that do not stop', async () => {
    const { supervisor, listen, end, killed, clock } = scene()
    listen('1', '2')
    supervisor.stop()
    end('1')
    clock.advance(30_000)
    expect(killed).toEqual(['2'])
    end('2', null)
    expect(await supervisor.done).toBe(1)
  })
})
