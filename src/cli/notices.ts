import { coloursFor } from '../telemetry/index.ts'
import { banner, groups, type Listening } from './banner.ts'

/** What is printed of calls. */
export type LogForm = 'lines' | 'json' | 'none'

/** What `tollgate serve` says beside the lines of calls. */
export interface Notices {
  /** Something that whoever runs it should know. */
  warn(message: string): void
  /** Why the process ends, or what of it does not work any more. */
  fail(message: string): void
  /** It answers calls from now on. */
  listening(start: Listening): void
}

/** For people: warnings on standard error, the start on standard output. */
const text: Notices = {
  warn: say,
  fail: say,
  listening: start => void process.stdout.write(banner(start, coloursFor(process.stdout))),
}

/** For those who gather lines of JSON: all on standard error, since standard output has nothing but calls. */
const json: Notices = {
  warn: message => tell({ level: 'warn', message }),
  fail: message => tell({ level: 'error', message }),
  listening({ url, config, file, workers }) {
    const pools = Object.fromEntries(groups(config))
    tell({ level: 'info', message: `tollgate listens on ${url}`, url, config: file ?? null, workers, pools })
  },
}

function say(message: string): void {
  process.stderr.write(`tollgate: ${message}\n`)
}

function tell(said: object): void {
  process.stderr.write(`${JSON.stringify({ ts: new Date().toISOString(), ...said })}\n`)
}

/** In the form of the lines of calls; where none are printed, as for people. */
export function noticesOf(form: LogForm): Notices {
  return form === 'json' ? json : text
}
