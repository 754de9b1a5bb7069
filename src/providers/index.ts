import type { Attempt } from '../core/call.ts'
import type { Clock } from '../core/clock.ts'
import type { Handler } from '../core/handler.ts'
import { anthropic } from './anthropic/protocol.ts'
import { findHost } from './catalogue.ts'
import type { ProtocolName } from './host.ts'
import { type HttpProviderOptions, httpProvider } from './http.ts'
import { isMocked, mockProvider } from './mock/provider.ts'
import { azure, openai } from './openai/protocol.ts'

/** Sends an attempt to its upstream, in the protocol that its host speaks. An unknown host is taken to speak OpenAI's. */
export function providers(options: HttpProviderOptions, clock: Clock): Handler<Attempt> {
  const byProtocol: Readonly<Record<ProtocolName, Handler<Attempt>>> = {
    openai: httpProvider(openai, options),
    azure: httpProvider(azure, options),
    anthropic: httpProvider(anthropic, options),
    mock: mockProvider(clock),
  }
  return function send(attempt) {
    // Also of those who dial nobody: a closed router is closed for all.
    const { refusal } = options.dialler
    if (refusal) return Promise.reject(refusal)
    const protocol = isMocked(attempt) ? 'mock' : (findHost(attempt.deployment.provider)?.protocol ?? 'openai')
    return byProtocol[protocol](attempt)
  }
}
