import { ConfigError } from '../config/finding.ts'
import { Failure } from '../core/failure.ts'
import { messageOf } from '../core/message-of.ts'
import { type LogForm, type Notices, noticesOf } from './notices.ts'

/** How the process speaks of itself, and what it does when its standard output cannot be written. */
export class Output {
  #notices = noticesOf('lines')
  #serves = false
  #isTold = false

  constructor() {
    process.stdout.on('error', error => this.#stdoutFailed(error))
    // There is nobody left to tell it to.
    process.stderr.on('error', () => {})
  }

  /** From now on it speaks in this form, and answers on whether or not somebody reads what it prints. */
  serves(form: LogForm): void {
    this.#notices = noticesOf(form)
    this.#serves = true
  }

  get notices(): Notices {
    return this.#notices
  }

  /** Expected errors in one readable piece; unexpected ones with their stack, because somebody must mend them. */
  fail(error: unknown): void {
    const expected = error instanceof ConfigError || error instanceof Failure || isSystemError(error)
    this.#notices.fail(expected || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message))
    process.exitCode = 1
  }

  #stdoutFailed(error: Error & { readonly code?: unknown }): void {
    // A reader that has seen enough (head, less) is no error. What ships a gateway's lines may be gone: its clients are not.
    if (error.code === 'EPIPE' && !this.#serves) process.exit()
    // A terminal that is gone tells so by SIGHUP as well, which has us stop in order.
    if (this.#isTold || error.code === 'EIO') return
    // A disk that is full, or a named pipe without a reader: a gateway prints again when there is room, or a reader.
    this.#isTold = true
    this.fail(new Failure('internal', `standard output cannot be written: ${error.message}`))
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}
