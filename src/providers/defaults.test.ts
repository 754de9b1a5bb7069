import { expect, it } from 'vitest'
import { defaultMembers } from './defaults.ts'

const tool = (name: string) => ({ type: 'function', function: { name } })

it('fills in what the client left out, and nothing else', () => {
  const body = { temperature: 1, seed: null }
  expect(defaultMembers(body, { temperature: 0, seed: 3, top_p: 0.5 })).toEqual({ top_p: 0.5 })
})

it('says nothing of a limit that the client calls otherwise', () => {
  expect(defaultMembers({ max_completion_tokens: 50 }, { max_tokens: 1000 })).toEqual({})
  expect(defaultMembers({ max_tokens: 50 }, { max_completion_tokens: 1000, top_p: 1 })).toEqual({ top_p: 1 })
  expect(defaultMembers({ max_completion_tokens: null }, { max_tokens: 1000 })).toEqual({ max_tokens: 1000 })
})

it("puts the deployment's tools behind the client's, except those that the client has itself", () => {
  const own = [tool('clock'), tool('search')]
  const configured = [tool('search'), tool('map'), { type: 'web_search' }]
  expect(defaultMembers({ tools: own }, { tools: configured })).toEqual({
    tools: [...own, tool('map'), { type: 'web_search' }],
  })
  expect(defaultMembers({ tools: own }, { tools: [tool('clock')] })).toEqual({})
  expect(defaultMembers({}, { tools: configured })).toEqual({ tools: configured })
})
