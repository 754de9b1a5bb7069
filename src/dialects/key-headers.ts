import { budgetId } from '../core/budget.ts'
import type { Caller } from '../core/caller.ts'
import { formatUsd } from '../core/money.ts'
import { remembered } from '../core/remembered.ts'

/** LiteLLM's headers about the key itself: what it may spend and ask. The same in every answer to a caller. */
export const keyHeaders: (caller: Caller) => readonly string[] = remembered(({ budgets, limits }) => {
  const limit = budgets.find(
    one => one.level === 'key' && one.id === budgetId({ level: 'key', subject: one.subject }),
  )?.limit
  const rates = limits.find(({ level }) => level === 'key')
  const headers: string[] = []
  if (limit !== undefined) headers.push('x-litellm-key-max-budget', formatUsd(limit))
  if (rates?.rpm !== undefined) headers.push('x-litellm-key-rpm-limit', String(rates.rpm))
  if (rates?.tpm !== undefined) headers.push('x-litellm-key-tpm-limit', String(rates.tpm))
  return headers
})
