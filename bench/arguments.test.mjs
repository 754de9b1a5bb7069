import { expect, it } from 'vitest'
import { readArguments } from './arguments.mjs'

it('takes numbers where they are given and the usual ones where not', () => {
  expect(readArguments(['--soak', '1000', '--streams'])).toMatchObject({ soak: 1_000, streams: 5_000 })
  expect(readArguments(['--soak', '--json', 'x.json'])).toMatchObject({ soak: 2_000_000, json: 'x.json' })
})

it('reads peers', () => {
  const { peers } = readArguments(['--peer', 'litellm=litellm --port $PORT', '--contender', 'litellm'])
  expect(peers).toEqual([{ name: 'litellm', command: 'litellm --port $PORT' }])
})

it.each([
  [['--only', 'nothing'], '--only nothing: there is small'],
  [['--contender', 'nobody'], '--contender nobody: there is tollgate'],
  [['--peer', 'litellm'], "--peer takes 'NAME=COMMAND'"],
  [['--soak', '5'], '--soak takes a whole number'],
  [['--ratchet'], '--ratchet goes with --quick'],
  [['--nonsense'], "Unknown option '--nonsense'"],
])('says what is wrong with %j', (given, message) => {
  expect(() => readArguments(given)).toThrow(message)
})
