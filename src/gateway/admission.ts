import type { IncomingMessage } from 'node:http'
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Caller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import { allowAddresses } from './allowed-addresses.ts'
import { allowHosts } from './allowed-hosts.ts'
import type { Authenticate } from './authenticate.ts'
import { refuseTwoKeys } from './broken-requests.ts'
import type { ServerSettings } from './server-settings.ts'

/** Judges a caller by the route that matched. @throws Failure `forbidden` */
export type Authorise = (caller: Caller) => void

/** Lets a request in, before its body is read, and says whose it is; undefined: nobody's in particular. @throws Failure */
export type Door = (request: IncomingMessage) => Caller | undefined | Promise<Caller | undefined>

/** Who may come in at a route. */
export interface DoorRules {
  readonly authenticate: Authenticate
  readonly authorise?: Authorise
  /** From any address: what balances the load asks for health. */
  readonly isPublic?: boolean
}

/** Who is let in at which route, decided before the body is read: a stranger's megabytes are not taken in. */
export interface Admission {
  /** The door of one route. */
  door(rules: DoorRules): Door
  /** The same as a hook. */
  guard(rules: DoorRules): onRequestHookHandler
  /** Who was let in by the hook with this request; undefined: nobody in particular. */
  callerOf(request: FastifyRequest): Caller | undefined
}

/** From where, and under which names, requests may come. */
export type AdmissionSettings = Pick<ServerSettings, 'allowedHosts' | 'allowedAddresses'>

export function admission({ allowedHosts = [], allowedAddresses }: AdmissionSettings): Admission {
  const checkHost = allowHosts(allowedHosts)
  const checkAddress = allowAddresses(allowedAddresses)
  const callers = new WeakMap<FastifyRequest, Caller>()
  const doorOf: Admission['door'] = ({ authenticate, authorise, isPublic }) => {
    const allowed = (caller: Caller | undefined) => {
      if (caller) authorise?.(caller)
      return caller
    }
    return request => {
      checkHost(request.headers.host)
      if (!isPublic) checkAddress(request)
      refuseTwoKeys(request)
      const caller = authenticate(request.headers)
      return caller instanceof Promise ? caller.then(allowed) : allowed(caller)
    }
  }
  return {
    door: doorOf,
    guard(rules) {
      const door = doorOf(rules)
      return (request, _reply, done) => {
        const enter = (caller: Caller | undefined) => {
          if (caller) callers.set(request, caller)
          done()
        }
        const refuse = (error: unknown) => done(Failure.from(error))
        try {
          const caller = door(request.raw)
          if (caller instanceof Promise) caller.then(enter).catch(refuse)
          else enter(caller)
        } catch (error) {
          refuse(error)
        }
      }
    },
    callerOf: request => callers.get(request),
  }
}
