import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
})
afterAll(() => stage.close())

describe('a tag', () => {
  it('is answered with all its fields', async () => {
    const told = await stage.ask('/tag/new', {
      name: 'batch',
      description: 'by night',
      models: [],
      max_budget: 3,
    })
    const tag = {
      name: 'batch',
      description: 'by night',
      models: [],
      model_info: null,
      spend: 0,
      litellm_budget_table: {
        budget_id: null,
        max_budget: 3,
        soft_budget: null,
        budget_duration: null,
        model_max_budget: null,
        budget_limits: null,
        tpm_limit: null,
        rpm_limit: null,
        max_parallel_requests: null,
        budget_reset_at: null,
      },
      created_at: expect.any(String),
      created_by: 'master',
      updated_at: expect.any(String),
      updated_by: 'master',
    }
    expect(told).toEqual({ message: 'Tag batch created successfully', tag })
    expect(await stage.ask('/tag/info', { names: ['batch'] })).toEqual({ batch: tag })
    expect(await stage.ask('/tag/list', {}, 'viewer')).toEqual([tag])
    expect(await stage.budget({ level: 'tag', subject: 'batch' })).toMatchObject({ limit: 3_000_000_000n })
    expect(await stage.refused('/tag/new', { name: 'batch' })).toMatchObject({ status: 400 })
    expect(await stage.refused('/tag/info', { names: ['batch', 'none'] })).toMatchObject({ status: 404 })
  })

  it('is changed, and told of', async () => {
    const told = await stage.ask('/tag/update', { name: 'batch', max_budget: 0 })
    expect(told).toMatchObject({ tag: { description: 'by night', litellm_budget_table: { max_budget: 0 } } })
    expect(await stage.budget({ level: 'tag', subject: 'batch' })).toMatchObject({ limit: 0n })
    await stage.ask('/tag/update', { name: 'batch', max_budget: null })
    expect(await stage.budget({ level: 'tag', subject: 'batch' })).toMatchObject({ limit: undefined })
    expect(await stage.changes()).toContain('tag:batch')
    expect(await stage.audit('tag/update')).toHaveLength(2)
    expect(await stage.refused('/tag/update', { name: 'none' })).toMatchObject({ status: 404 })
  })

  it.each(['__proto__', 'constructor', "'; drop table tags; --", '%', '../x', '😀'])('may be called %s', async name => {
    await stage.ask('/tag/new', { name, max_budget: 1 })
    const told = await stage.ask('/tag/info', { names: [name] })
    expect(Object.entries(told)).toMatchObject([[name, { name }]])
    expect(await stage.ask('/tag/delete', { name })).toEqual({ message: `Tag ${name} deleted successfully` })
  })

  it('is deleted with its budget', async () => {
    await stage.ask('/tag/delete', { name: 'batch' })
    expect(await stage.budget({ level: 'tag', subject: 'batch' })).toBeUndefined()
    expect(await stage.refused('/tag/delete', { name: 'batch' })).toMatchObject({ status: 404 })
  })

  it.each(['olga', 'ann', 'viewer'])('is not changed by %s', async who => {
    for (const path of ['/tag/new', '/tag/update', '/tag/delete'])
      expect(await stage.refused(path, { name: 'x' }, who)).toMatchObject({ status: 403 })
  })
})

describe('budgets of providers', () => {
  it('are told as the configuration set them', async () => {
    await stage.context.store.authority.define([
      { id: 'provider|openai', level: 'provider', subject: 'openai', period: 'day', limit: 100_000_000_000n },
      { id: 'provider|openai|gpt-4o|', level: 'provider', subject: 'openai', pool: 'gpt-4o', period: 'day', limit: 1n },
      { id: 'provider|other', level: 'provider', subject: 'other', period: 'total', limit: undefined },
    ])
    expect(await stage.ask('/provider/budgets', {}, 'viewer')).toEqual({
      providers: {
        openai: { budget_limit: 100, time_period: 'day', spend: 0, budget_reset_at: expect.any(String) },
        other: { budget_limit: null, time_period: 'total', spend: 0, budget_reset_at: null },
      },
    })
    expect(await stage.refused('/provider/budgets', {}, 'ann')).toMatchObject({ status: 403 })
  })
})
