import { coloursFor } from '../telemetry/index.ts'
import { banner, groups, type Listening } from './banner.ts'

/** What `tollgate serve` says beside the lines of calls. */
export interface Notices {
  /** Something that whoever runs it should know. */
  warn(message: string): void
  /** It answers calls from now on. */
  listening(start: Listening): void
}

/** For people: warnings on standard error, the start on standard output. */
const text: Notices = {
  warn: message => void process.stderr.write(`tollgate: ${message}\n`),
  listening: start => void process.stdout.write(banner(start, coloursFor(process.stdout))),
}

/** For those who gather lines of JSON: all on standard error, since standard output has nothing but calls. */
const json: Notices = {
  warn: message => tell({ level: 'warn', message }),
  listening({ url, config, file, workers }) {
    const pools = Object.fromEntries(groups(config))
    tell({ level: 'info', message: `tollgate listens on ${url}`, url, config: file ?? null, workers, pools })
  },
}

function tell(said: object): void {
  process.stderr.write(`${JSON.stringify({ ts: new Date().toISOString(), ...said })}\n`)
}

/** In the form of the lines of calls; where none are printed, as for people. */
export function noticesOf(form: 'lines' | 'json' | 'none'): Notices {
  return form === 'json' ? json : text
}
