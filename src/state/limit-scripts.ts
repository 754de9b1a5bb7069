import { PLENTY } from './limit-entry.ts'
import { redisScript } from './redis-client.ts'

/**
 * The same arithmetic as `gcra.ts` and `priority-share.ts`, for Redis: each script is one atomic step by the clock of
 * Redis. Of each limit there is a hash (`at`: when the debts were last worked out, microseconds; `r` and `t`: requests and
 * tokens owed; `r:<priority>`, `t:<priority>`, `a:<priority>` for the shares) and a sorted set of the calls under way,
 * scored by when their places come free by themselves. All keys expire by themselves. The test over both limiters holds
 * the two forms together.
 */
const COMMON = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local MINUTE, FORGIVEN, ROUNDING = 60000000, 600000000, 1e-9

local function exact(number)
  return string.format('%.17g', number)
end

-- How long until the quantity fits, in microseconds.
local function wait(debt, quantity, rate)
  if quantity > rate.most then return math.huge end
  local room = math.max(rate.burst, quantity)
  local over = debt + quantity - room
  if over <= room * ROUNDING then return 0 end
  return over / rate.per
end

local function melted(debt, at, rate)
  local owed = math.min(debt, rate.ceiling)
  if now <= at then return owed end
  return math.max(0, owed - (now - at) * rate.per)
end

local function rateOf(limit)
  if limit < 0 then return nil end
  return { per = limit / MINUTE, burst = limit, most = limit, ceiling = 2 * limit }
end

local function partOf(rate, part)
  if not rate then return nil end
  local per = rate.per * part
  return { per = per, burst = rate.burst * part, most = part > 0 and rate.most or 0, ceiling = per * FORGIVEN }
end

local function corrected(debt, difference, rate)
  return math.max(0, math.min(debt + difference, math.max(debt, 2 * rate.burst, rate.most)))
end

-- What is owed to a limit and to one share of it.
local function load(key, limit)
  local own = limit.part >= 0
  local name = limit.name
  local values
  if own then
    values = redis.call('HMGET', key, 'at', 'r', 't', 'a:' .. name, 'r:' .. name, 't:' .. name)
  else
    values = redis.call('HMGET', key, 'at', 'r', 't')
  end
  local at = tonumber(values[1] or now)
  limit.r, limit.t = 0, 0
  if limit.rpm then limit.r = melted(tonumber(values[2] or 0), at, limit.rpm) end
  if limit.tpm then limit.t = melted(tonumber(values[3] or 0), at, limit.tpm) end
  if not own then return end
  local ownAt = tonumber(values[4] or now)
  limit.ownR, limit.ownT = 0, 0
  if limit.rpm then limit.ownR = melted(tonumber(values[5] or 0), ownAt, limit.ownRpm) end
  if limit.tpm then limit.ownT = melted(tonumber(values[6] or 0), ownAt, limit.ownTpm) end
end

local function save(key, limit)
  local moment = string.format('%.0f', now)
  if limit.part >= 0 then
    local name = limit.name
    redis.call('HSET', key, 'at', moment, 'r', exact(limit.r), 't', exact(limit.t),
      'a:' .. name, moment, 'r:' .. name, exact(limit.ownR), 't:' .. name, exact(limit.ownT))
    redis.call('PEXPIRE', key, 601000)
  else
    redis.call('HSET', key, 'at', moment, 'r', exact(limit.r), 't', exact(limit.t))
    redis.call('PEXPIRE', key, 121000)
  end
end

-- The terms of a limit: rpm, tpm, parallel (-1: unlimited), the part of the share (-1: none), saturation, the share's name.
local function termsOf(text)
  local rpm, tpm, parallel, part, saturation, name = string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+) (.*)$')
  rpm, tpm, part = tonumber(rpm), tonumber(tpm), tonumber(part)
  local limit = {
    rpm = rateOf(rpm), tpm = rateOf(tpm), parallel = tonumber(parallel),
    name = name, part = part, saturation = tonumber(saturation),
  }
  if part >= 0 then
    limit.ownRpm, limit.ownTpm = partOf(limit.rpm, part), partOf(limit.tpm, part)
  end
  return limit
end
`

/**
 * Takes from all limits or none. KEYS: hash and set of each limit. ARGV: id, tokens, lease ms, then the terms of each, and then,
 * where something is wanted ahead, requests and tokens for each (`LimitEntry.takeAhead`).
 */
export const ADMIT = redisScript(`${COMMON}
local id, tokens, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local function saturated(debt, quantity, rate, limit)
  return debt + quantity > limit.saturation * rate.burst
end

local function sharedWait(debt, ownDebt, quantity, rate, own, limit)
  if not rate then return 0 end
  local whole = wait(debt, quantity, rate)
  if limit.part < 0 or not saturated(debt, quantity, rate, limit) then return whole end
  local mine = wait(ownDebt, quantity, own)
  local free = limit.saturation * rate.burst
  local calm = quantity > free and math.huge or (debt + quantity - free) / rate.per
  return math.max(whole, math.min(mine, calm))
end

local function ownAfter(debt, ownDebt, quantity, rate, own, limit)
  if not rate then return 0 end
  local owed = ownDebt + quantity
  if not saturated(debt, quantity, rate, limit) then owed = math.max(ownDebt, math.min(owed, own.burst)) end
  return math.min(owed, own.ceiling)
end

local limits, worst, worstWait, worstWhat = {}, 0, -1, 0
for index = 1, #KEYS / 2 do
  local limit = termsOf(ARGV[3 + index])
  limits[index] = limit
  load(KEYS[index * 2 - 1], limit)
  limit.places = 0
  if limit.parallel >= 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[index * 2], '-inf', string.format('%.0f', now / 1000))
    limit.places = redis.call('ZCARD', KEYS[index * 2])
  end
  local r = sharedWait(limit.r, limit.ownR, 1, limit.rpm, limit.ownRpm, limit)
  local t = sharedWait(limit.t, limit.ownT, tokens, limit.tpm, limit.ownTpm, limit)
  local longest, what = math.max(r, t), (r >= t) and 1 or 2
  if longest == 0 and limit.parallel >= 0 and limit.places >= limit.parallel then
    what = 3
    if limit.parallel == 0 then longest = math.huge end
  elseif longest == 0 then
    what = 0
  end
  if what > 0 and longest > worstWait then worst, worstWait, worstWhat = index, longest, what end
end

local function spare(debt, wanted, rate)
  local want = math.max(wanted, 0)
  if not rate then return want end
  return math.min(want, math.floor(math.max(0, math.floor(rate.burst - debt + rate.burst * ROUNDING)) / ${PLENTY}))
end

local function takeAhead(limit, wanted)
  local wantR, wantT = string.match(wanted, '^(%S+) (%S+)$')
  wantR, wantT = tonumber(wantR), tonumber(wantT)
  local r, t = spare(limit.r, wantR, limit.rpm), spare(limit.t, wantT, limit.tpm)
  if (r == 0 and wantR > 0) or (t == 0 and wantT > 0) then r, t = 0, 0 end
  if limit.rpm then limit.r = limit.r + r end
  if limit.tpm then limit.t = limit.t + t end
  limit.lotR, limit.lotT = r, t
end

if worst == 0 then
  for index, limit in ipairs(limits) do
    if limit.part >= 0 then
      limit.ownR = ownAfter(limit.r, limit.ownR, 1, limit.rpm, limit.ownRpm, limit)
      limit.ownT = ownAfter(limit.t, limit.ownT, tokens, limit.tpm, limit.ownTpm, limit)
    end
    if limit.rpm then limit.r = limit.r + 1 end
    if limit.tpm then limit.t = limit.t + tokens end
    local wanted = ARGV[3 + #limits + index]
    if wanted then takeAhead(limit, wanted) end
    if limit.rpm or limit.tpm then save(KEYS[index * 2 - 1], limit) end
    if limit.parallel >= 0 then
      redis.call('ZADD', KEYS[index * 2], string.format('%.0f', now / 1000 + lease), id)
      redis.call('PEXPIRE', KEYS[index * 2], lease + 1000)
      limit.places = limit.places + 1
    end
  end
end

local function left(debt, rate)
  if not rate then return -1 end
  return math.max(0, math.floor(rate.burst - debt + rate.burst * ROUNDING))
end
local function reset(debt, rate)
  if not rate or debt == 0 then return 0 end
  return math.min(math.ceil(debt / rate.per / 1000), 1e15)
end
local told = worstWait
if worstWait == math.huge then told = -1 else told = math.ceil(worstWait / 1000) end
local reply = { worst, worstWhat, told }
for _, limit in ipairs(limits) do
  reply[#reply + 1] = left(limit.r, limit.rpm)
  reply[#reply + 1] = reset(limit.r, limit.rpm)
  reply[#reply + 1] = left(limit.t, limit.tpm)
  reply[#reply + 1] = reset(limit.t, limit.tpm)
  reply[#reply + 1] = limit.parallel < 0 and -1 or math.max(limit.parallel - limit.places, 0)
  reply[#reply + 1] = limit.lotR or 0
  reply[#reply + 1] = limit.lotT or 0
end
return reply`)

/**
 * Corrects what is owed, and gives places back. KEYS: as above. ARGV: the id (empty: no place), then of each limit the
 * difference of requests and of tokens, and its terms.
 */
export const CORRECT = redisScript(`${COMMON}
for index = 1, #KEYS / 2 do
  local base = 2 + (index - 1) * 3
  local requests, tokens = tonumber(ARGV[base]), tonumber(ARGV[base + 1])
  local limit = termsOf(ARGV[base + 2])
  if requests ~= 0 or tokens ~= 0 then
    load(KEYS[index * 2 - 1], limit)
    if limit.rpm then limit.r = corrected(limit.r, requests, limit.rpm) end
    if limit.tpm then limit.t = corrected(limit.t, tokens, limit.tpm) end
    if limit.part >= 0 then
      if limit.rpm then limit.ownR = corrected(limit.ownR, requests, limit.ownRpm) end
      if limit.tpm then limit.ownT = corrected(limit.ownT, tokens, limit.ownTpm) end
    end
    save(KEYS[index * 2 - 1], limit)
  end
  if limit.parallel >= 0 and ARGV[1] ~= '' then redis.call('ZREM', KEYS[index * 2], ARGV[1]) end
end
return 1`)

/**
 * Says that a replica is there, and keeps the places of its calls. KEYS: the set of replicas, then the set of each place.
 * ARGV: the replica, the lease in ms, then the id of each place. Gives back how many replicas there are.
 */
export const HOLD = redisScript(`
local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)
local lease = tonumber(ARGV[2])
local until_ = string.format('%.0f', now + lease)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('ZADD', KEYS[1], until_, ARGV[1])
redis.call('PEXPIRE', KEYS[1], lease + 1000)
for index = 2, #KEYS do
  redis.call('ZADD', KEYS[index], until_, ARGV[index + 1])
  redis.call('PEXPIRE', KEYS[index], lease + 1000)
end
return redis.call('ZCARD', KEYS[1])`)
