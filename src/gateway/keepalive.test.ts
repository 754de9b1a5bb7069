import { describe, expect, it } from 'vitest'
import type { TimeoutSettings } from '../core/deployment.ts'
import { type KeepaliveSettings, keepaliveOf } from './keepalive.ts'

describe('keepaliveOf', () => {
  const asked = { keepaliveMs: 7_000 }

  it.each<[string, TimeoutSettings, KeepaliveSettings, number | undefined]>([
    ['nobody says anything', {}, {}, undefined],
    ['the router says', {}, { keepaliveMs: 3_000 }, 3_000],
    ['the deployment says, which wins', { keepaliveMs: 2_000 }, { keepaliveMs: 3_000 }, 2_000],
    ['clients may choose', { keepaliveMs: 2_000 }, { clientKeepalive: true }, 7_000],
    ['clients may choose here', { clientKeepalive: true }, { keepaliveMs: 3_000 }, 7_000],
    ['clients may not choose here', { clientKeepalive: false }, { keepaliveMs: 3_000, clientKeepalive: true }, 3_000],
    ['the deployment says never', { keepaliveMs: 0, clientKeepalive: true }, { keepaliveMs: 3_000 }, undefined],
  ])('%s', (_, timeouts, settings, expected) => {
    expect(keepaliveOf({ timeouts }, asked, settings)).toBe(expected)
  })
})
