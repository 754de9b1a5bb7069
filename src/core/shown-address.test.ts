import { expect, it } from 'vitest'
import { deployment } from '../../test/support/settings.ts'
import { shownAddress, shownBaseUrl } from './shown-address.ts'

it.each([
  ['https://api.openai.com/v1', 'https://api.openai.com/v1'],
  ['https://user:word@proxy.example/v1?key=secret#secret', 'https://proxy.example/v1'],
  ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
  ['mock://mock', 'mock://mock'],
  ['https://bücher.example/ü?api-key=s', 'https://xn--bcher-kva.example/%C3%BC'],
  ['no address, but a word', ''],
])('shows %j as %j', (url, address) => {
  const one = deployment({ id: 'd', pool: 'p', baseUrl: url })
  expect([shownAddress(url), shownBaseUrl(one), shownBaseUrl(one)]).toEqual([address, address, address])
})
