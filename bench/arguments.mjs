// What `npm run bench` can be told.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { MEASURED } from './loads.mjs'

export const HELP = `npm run bench: what the gateway costs beside a bare pass-through, in one run on this machine

  npm run bench                                   everything, about half an hour
  npm run bench -- --portkey                      and Portkey's gateway beside it (fetched from npm once)
  npm run bench -- --only small --only stream     these loads only
  npm run bench -- --quick                        under a minute: small and stream, as a gate (bench/ratchet.json)
  npm run bench -- --only in-process              what a call costs without HTTP
  npm run bench -- --flame                        what the time is spent on, into docs/flame.svg

Which figures
  --only LOAD         ${MEASURED.join(', ')},
                      startup, workers, in-process; may be repeated
  --contender NAME    tollgate, plain, portkey or a peer's name; may be repeated (direct and bare always take part)
  --portkey           Portkey's gateway 1.15.2 takes part
  --peer NAME=COMMAND another gateway takes part; COMMAND is told PORT, where to listen, and UPSTREAM, whom to call, and is
                      asked with the key in PEER_KEY. LiteLLM's proxy, for one:
                        printf 'model_list: [{model_name: bench, litellm_params: {model: openai/gpt-4o-mini,
                          api_base: os.environ/UPSTREAM, api_key: sk-x}}]' > litellm.yaml
                        npm run bench -- --peer 'litellm=litellm --config litellm.yaml --host 127.0.0.1 --port $PORT'
  --gateway FILE      another build's bin/tollgate.js in the place of this one's
  --brief             shorter rounds, for a first look
  --soak [N]          instead: memory over N calls (2,000,000)
  --streams [N]       instead: memory of N slow streams at once (5,000)
  --money             instead: what money costs per call, with options of its own (see bench/money.mjs)

What becomes of them
  --json FILE         writes the figures
  --ratchet           with --quick: writes bench/ratchet.json when the figures got better
  --bars              ends with status 1 when a bar is missed
`

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  quick: { type: 'boolean' },
  brief: { type: 'boolean' },
  ratchet: { type: 'boolean' },
  bars: { type: 'boolean' },
  portkey: { type: 'boolean' },
  flame: { type: 'boolean' },
  only: { type: 'string', multiple: true },
  contender: { type: 'string', multiple: true },
  peer: { type: 'string', multiple: true },
  gateway: { type: 'string' },
  json: { type: 'string' },
  soak: { type: 'string' },
  streams: { type: 'string' },
}

/** Measured besides the loads. */
export const OTHERS = ['startup', 'workers', 'in-process']
const OWN_CONTENDERS = ['tollgate', 'plain', 'portkey']
const LEAST_COUNT = 10
const BARE_VALUES = { '--soak': '2000000', '--streams': '5000' }

/** @throws Error with what is wrong, for people */
export function readArguments(given) {
  const { values } = parseArgs({ args: withDefaults(given), options: OPTIONS })
  const peers = (values.peer ?? []).map(readPeer)
  requireKnown('only', values.only, [...MEASURED, ...OTHERS])
  requireKnown('contender', values.contender, [...OWN_CONTENDERS, ...peers.map(({ name }) => name)])
  if (values.ratchet && !values.quick) throw new Error('--ratchet goes with --quick')
  const build = values.gateway === undefined ? {} : { program: resolve(values.gateway) }
  return { ...values, build, peers, soak: count('soak', values.soak), streams: count('streams', values.streams) }
}

function readPeer(text) {
  const [, name, command] = /^([^=\s]+)=(.+)$/s.exec(text) ?? []
  if (!name) throw new Error(`--peer takes 'NAME=COMMAND', not '${text}'`)
  return { name, command }
}

function requireKnown(option, given, known) {
  const unknown = given?.find(name => !known.includes(name))
  if (unknown !== undefined) throw new Error(`--${option} ${unknown}: there is ${known.join(', ')}`)
}

function count(option, text) {
  if (text === undefined) return undefined
  const number = Number(text.replaceAll(/[_,]/g, ''))
  if (Number.isInteger(number) && number >= LEAST_COUNT) return number
  throw new Error(`--${option} takes a whole number of at least ${LEAST_COUNT}`)
}

/** `--soak` and `--streams` may stand without a number. */
function withDefaults(given) {
  return given.flatMap((word, index) => {
    const needsValue = word in BARE_VALUES && !/^\d/.test(given[index + 1] ?? '')
    return needsValue ? [word, BARE_VALUES[word]] : [word]
  })
}
