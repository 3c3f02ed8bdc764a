-- Counts a call that was let through against limits that are only tried out. Reads one thing of the limiter's, the tier
-- that HubSpot told of; writes nothing of it, so that no verdict can depend on what happens here.
--
-- KEYS[1] hash: since, lost, and per bucket and work class ("burst:0:") calls, waited, put_back, longest
-- KEYS[2] sorted set: calls by account; KEYS[3] those that would have had to wait or come back
-- KEYS[4] sorted set of one account's tried bucket: its places, scored with when they come back
-- KEYS[5] sorted set: calls that would still be waiting, scored with when they would begin
-- KEYS[6] the limiter's own state of the account's burst, of which max is read
-- Times are whole milliseconds of Redis' clock. Members begin with the work class.
local LATE = 5000 -- calls may be told so late, and out of order
local FAR = 600 * 1000 -- no place comes back later than this, unless Redis' clock was set back
local SPARE = 1000 -- keys outlive their content by this
local MOST_ACCOUNTS = 5000 -- of which each list keeps count

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function numbers(first, count)
  local found = {}
  for position = first, first + count - 1 do
    table.insert(found, tonumber(ARGV[position]))
  end
  return unpack(found)
end

-- The first write of every command. It is one that a full Redis refuses, and then nothing is done: a dry run must not
-- take the last of the memory.
local function note_since(ttl)
  if redis.call('HSETNX', KEYS[1], 'since', now) == 1 then
    redis.call('PEXPIRE', KEYS[1], ttl)
  end
end

local function count_account(key, account, calls, ttl)
  if tonumber(redis.call('ZINCRBY', key, calls, account)) == calls then
    redis.call('PEXPIRE', key, ttl)
    redis.call('ZREMRANGEBYRANK', key, 0, -1 - MOST_ACCOUNTS)
  end
end

-- A call that may take longer, or waits longer, may have come before.
local function keep(key, ms)
  if redis.call('PTTL', key) < ms then
    redis.call('PEXPIRE', key, ms)
  end
end

local function forget(at)
  for _, key in ipairs({ KEYS[4], KEYS[5] }) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', at - LATE)
    redis.call('ZREMRANGEBYSCORE', key, at + FAR, '+inf')
  end
end

-- Calls of lower classes that would be waiting: an urgent one goes before them.
local function overtaken(at, rank)
  local found = 0
  for _, slot in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '(' .. at, '+inf')) do
    if tonumber(string.sub(slot, 1, 1)) > rank then
      found = found + 1
    end
  end
  return found
end

-- When so many calls could begin, at most a window away: calls under way get answered by then.
local function earliest(at, limit, kept, window, rank, calls)
  local held = redis.call('ZCOUNT', KEYS[4], '(' .. at, '+inf')
  local missing = held - overtaken(at, rank) + calls + math.max(0, math.min(kept, limit - calls)) - limit
  if missing <= 0 then
    return at
  elseif missing > held then
    return at + window
  end
  local found = redis.call('ZRANGEBYSCORE', KEYS[4], '(' .. at, '+inf', 'WITHSCORES', 'LIMIT', missing - 1, 1)
  return math.min(tonumber(found[2]), at + window)
end

local function take_places(at, start, back, ticket, rank, calls)
  for call = 1, calls do
    local slot = rank .. ticket .. call
    redis.call('ZADD', KEYS[4], back, slot)
    if start > at then
      redis.call('ZADD', KEYS[5], start, slot)
    end
  end
  keep(KEYS[4], back - now + LATE + SPARE)
  if start > at then
    keep(KEYS[5], start - now + LATE + SPARE)
  end
end

local function add_up(prefix, account, waited, held_up, calls, ttl)
  redis.call('HINCRBY', KEYS[1], prefix .. 'calls', calls)
  count_account(KEYS[2], account, calls, ttl)
  if waited > 0 then
    redis.call('HINCRBY', KEYS[1], prefix .. held_up, calls)
    count_account(KEYS[3], account, calls, ttl)
    if waited > (tonumber(redis.call('HGET', KEYS[1], prefix .. 'longest')) or 0) then
      redis.call('HSET', KEYS[1], prefix .. 'longest', waited)
    end
  end
end

local commands = {}

-- ttl age limit kept window hold wait rank calls tier assumed, then ticket account bucket
-- Calls let through `age` ago, which could have waited for `wait` and hold their places for `hold` unless answered
-- earlier. Tier is 0, or the burst that HubSpot must have told of for the call to count; assumed, until it tells.
function commands.begun()
  local ttl, age, limit, kept, window, hold, wait, rank, calls, tier, assumed = numbers(2, 11)
  local ticket, account, bucket = ARGV[13], ARGV[14], ARGV[15]
  if tier > 0 and (tonumber(redis.call('HGET', KEYS[6], 'max')) or assumed) ~= tier then
    return 0
  end
  note_since(ttl)
  local at = now - age
  forget(at)
  local start = earliest(at, limit, kept, window, rank, calls)
  -- One that is put back takes no place: its work comes back when there is one.
  local is_let = start - at <= wait and calls <= limit
  if is_let then
    take_places(at, start, start + hold + window, ticket, rank, calls)
  end
  add_up(bucket .. ':' .. rank .. ':', account, start - at, is_let and 'waited' or 'put_back', calls, ttl)
  return start - at
end

-- hold took slot: a call was answered after so long, so its place comes back earlier. Does nothing for one that was
-- put back.
function commands.answered()
  local hold, took = numbers(2, 2)
  local slot = ARGV[4]
  local back = redis.call('ZSCORE', KEYS[4], slot)
  if back then
    redis.call('ZADD', KEYS[4], back - hold + took, slot)
  end
  return 0
end

-- slot: the call never left
function commands.unused()
  redis.call('ZREM', KEYS[4], ARGV[2])
  redis.call('ZREM', KEYS[5], ARGV[2])
  return 0
end

-- ttl calls: so many were not counted
function commands.lost()
  note_since(numbers(2, 1))
  redis.call('HINCRBY', KEYS[1], 'lost', ARGV[3])
  return 0
end

return commands[ARGV[1]]()
