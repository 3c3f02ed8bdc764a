-- Leave to call HubSpot. One script, so that every decision is one atomic step on Redis' own clock.
--
-- A bucket is two keys in one hash slot:
--   …:<bucket>        sorted set: one member per call that HubSpot's window may still hold, scored with the
--                     millisecond at which its place comes back
--   …:<bucket>:state  hash: n (calls begun), paced (when the next paced call would be on time), rush (see below),
--                     queue (who waits), frozen (nobody before), rejected (429s), rejected_at, strikes,
--                     max (HubSpot's, if below ours)
-- KEYS[1] is the era: which Redis server wrote all this (run), since when (began), the latest time seen, how far
-- its clock has been set back (behind), and when all callers found it again (woke). Further keys are pairs of the
-- above. Times are whole milliseconds.
local GRACE = 250 -- a place in the queue outlasts its promised start by this
local UNDER_WAY = 1000 -- calls begun before an era may arrive this late in it
local SILENCE = 10000 -- callers who find Redis away call nobody for longer than this
local FORGET = 10 -- windows without a 429 until one strike is forgotten
local SPARE = 1000 -- keys outlive their content by this
local REMEMBER = 3600 * 1000 -- a 429, for those who look
-- One place is enough for an urgent call now and then. Each makes the rush last longer; while it lasts longer than
-- after one call, a second place is kept unless one comes back soon. Simulated: of urgent calls that come at random,
-- one a second, 2 % wait more than 50 ms, two a second, 3 %; and it costs 0.2 % of the allowance, while they come.
local RUSH_PER_CALL, RUSH_AT_MOST, RUSHED = 1000, 6000, 1500

local function run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'
end

-- A clock set back must not keep places for as long: time goes on from the latest seen. (One set forward is
-- noticed by the callers, who have clocks of their own.) Another server, or one that forgot, begins a new era.
local function enter_era()
  -- A full Redis refuses a script whose first write may need memory. Ours are small and go again: begin otherwise.
  redis.call('PERSIST', KEYS[1])
  local clock = redis.call('TIME')
  local time = clock[1] * 1000 + math.floor(clock[2] / 1000)
  local run = run_id()
  local known = redis.call('HMGET', KEYS[1], 'run', 'began', 'seen', 'behind', 'woke')
  local began, seen, behind = tonumber(known[2]), tonumber(known[3]) or 0, tonumber(known[4]) or 0
  local woke = tonumber(known[5]) or 0
  local now = math.max(time + behind, seen)
  if known[1] ~= run then
    began = now
    redis.call('HSET', KEYS[1], 'run', run, 'began', began)
  end
  if now > seen + 100 or now - time ~= behind then
    redis.call('HSET', KEYS[1], 'seen', now, 'behind', now - time)
  end
  return now, began, woke, now > seen + SILENCE
end

local now, began, woke, silent = enter_era()

local function numbers(first, count)
  local found = {}
  for position = first, first + count - 1 do
    table.insert(found, tonumber(ARGV[position]))
  end
  return unpack(found)
end

local function keep(key, ms)
  if redis.call('PTTL', key) < ms then
    redis.call('PEXPIRE', key, ms)
  end
end

local function opened(index)
  local bucket = { slots = KEYS[index * 2], state = KEYS[index * 2 + 1] }
  redis.call('ZREMRANGEBYSCORE', bucket.slots, '-inf', now)
  local state =
    redis.call('HMGET', bucket.state, 'n', 'paced', 'queue', 'frozen', 'strikes', 'rejected_at', 'max', 'rush')
  bucket.n = tonumber(state[1]) or 0
  bucket.paced = tonumber(state[2]) or 0
  bucket.queue = state[3] and cmsgpack.unpack(state[3]) or {}
  bucket.frozen = tonumber(state[4]) or 0
  bucket.strikes = tonumber(state[5]) or 0
  bucket.rejected_at = tonumber(state[6]) or 0
  bucket.max = tonumber(state[7])
  bucket.rush = tonumber(state[8]) or 0
  return bucket
end

local function standing(bucket)
  return math.max(0, bucket.strikes - math.floor((now - bucket.rejected_at) / (bucket.window * FORGET)))
end

-- What we may use: less than the limit if HubSpot says so, and a tenth less for each strike.
local function usable(bucket)
  local known = math.min(bucket.limit, bucket.max or bucket.limit)
  return math.max(1, known - standing(bucket) * math.max(1, math.floor(bucket.limit / 10)))
end

-- Calls that go before: of higher classes, and of ours if they came first. Forgets who did not come back.
local function in_front(bucket, ticket, rank)
  local waiting, ahead, passed = {}, 0, false
  for _, entry in ipairs(bucket.queue) do
    if entry[4] >= now then
      table.insert(waiting, entry)
      passed = passed or entry[1] == ticket
      if not passed and entry[2] <= rank then
        ahead = ahead + entry[3]
      end
    end
  end
  bucket.queue = waiting
  return ahead
end

local function leave_queue(bucket, ticket)
  for position, entry in ipairs(bucket.queue) do
    if entry[1] == ticket then
      table.remove(bucket.queue, position)
      return position
    end
  end
end

local function join_queue(bucket, entry)
  local position = leave_queue(bucket, entry[1])
  if not position then
    position = #bucket.queue + 1
    while position > 1 and bucket.queue[position - 1][2] > entry[2] do
      position = position - 1
    end
  end
  table.insert(bucket.queue, position, entry)
end

-- When so many more places than now will be free: at most a window away, as calls under way get answered by then.
local function coming_back(bucket, missing)
  local found = redis.call('ZRANGE', bucket.slots, missing - 1, missing - 1, 'WITHSCORES')
  return math.min(tonumber(found[2]) or now + bucket.window, now + bucket.window)
end

local function coming_back_within(bucket, ms)
  return redis.call('ZCOUNT', bucket.slots, now, now + ms)
end

-- Places that this class leaves to those above it, if it can ever go then. When few come back soon, because the
-- network stood still a window ago, more are kept, so that those above do not wait for the hole to pass.
local function reserved(bucket, most)
  if bucket.kept == 0 then
    return 0
  end
  local kept = bucket.kept
  if bucket.rush - now > RUSHED and coming_back_within(bucket, bucket.interval * 1.5) == 0 then
    kept = kept + 1
  end
  local hole = math.floor(bucket.limit / 20) - coming_back_within(bucket, bucket.window / 10)
  return math.max(0, math.min(math.max(kept, hole), most))
end

local function earliest(bucket, ticket, rank, calls)
  local ahead = in_front(bucket, ticket, rank)
  local allowed = usable(bucket)
  if now < woke + bucket.window + UNDER_WAY then
    allowed = math.min(allowed, math.ceil(bucket.limit / 2)) -- callers may have used the other half without Redis
  end
  local missing = bucket.held + ahead + calls + reserved(bucket, allowed - calls) - allowed
  local start, reason = now, ''
  local function not_before(time, why)
    if time > start then
      start, reason = time, why
    end
  end
  if missing > 0 then
    not_before(coming_back(bucket, missing), 'full')
  end
  not_before(bucket.paced + ahead * bucket.interval - bucket.burst, 'paced')
  not_before(bucket.frozen, 'frozen')
  not_before(began > 0 and began + bucket.window + UNDER_WAY or 0, 'cold')
  return start, reason
end

local function begin(bucket, slots, hold)
  local back = now + hold + bucket.window
  for _, slot in ipairs(slots) do
    redis.call('ZADD', bucket.slots, back, slot)
  end
  keep(bucket.slots, hold + bucket.window + SPARE)
  bucket.held = bucket.held + #slots
  bucket.n = bucket.n + #slots
  bucket.paced = math.max(bucket.paced, now) + #slots * bucket.interval
  if bucket.kept == 0 then
    bucket.rush = math.min(math.max(bucket.rush, now) + #slots * RUSH_PER_CALL, now + RUSH_AT_MOST)
  end
end

local function store(bucket, hold)
  redis.call('HSET', bucket.state, 'n', bucket.n, 'paced', bucket.paced, 'rush', bucket.rush)
  if #bucket.queue > 0 then
    redis.call('HSET', bucket.state, 'queue', cmsgpack.pack(bucket.queue))
  else
    redis.call('HDEL', bucket.state, 'queue')
  end
  keep(bucket.state, hold + bucket.window + SPARE)
end

local commands = {}

-- not_after ticket rank calls wait hold, then per bucket: limit window kept interval burst
-- Answers verdict now start bucket reason held n. Verdict 1: go; 0: come back at start; -1: start is further away
-- than wait; -2: the request is older than its sender's patience, nothing was done.
function commands.take()
  local not_after, ticket, rank, calls, wait, hold = tonumber(ARGV[2]), ARGV[3], numbers(4, 4)
  if now > not_after then
    return { -2, now, now, 1, 'late', 0, 0 }
  end
  local slots = {}
  for call = 1, calls do
    table.insert(slots, ticket .. call)
  end
  local buckets, start, slowest, reason = {}, now, 1, ''
  for index = 1, (#KEYS - 1) / 2 do
    local bucket = opened(index)
    bucket.limit, bucket.window, bucket.kept, bucket.interval, bucket.burst = numbers(3 + index * 5, 5)
    -- Who asks again after an answer that got lost still has what it gave.
    redis.call('ZREM', bucket.slots, unpack(slots))
    bucket.held = redis.call('ZCARD', bucket.slots)
    local time, why = earliest(bucket, ticket, rank, calls)
    if time > start then
      start, slowest, reason = time, index, why
    end
    buckets[index] = bucket
  end
  local verdict = start <= now and 1 or start - now <= wait and 0 or -1
  for _, bucket in ipairs(buckets) do
    if verdict == 0 then
      join_queue(bucket, { ticket, rank, calls, start + GRACE })
    else
      leave_queue(bucket, ticket)
    end
    if verdict == 1 then
      begin(bucket, slots, hold)
    end
    store(bucket, hold)
  end
  return { verdict, now, start, slowest, reason, buckets[1].held, buckets[1].n }
end

-- HubSpot allows less than we thought, or somebody else uses this allowance. What it counted can hold none of ours
-- but those held when the call began and those begun since, so the rest are others': they come back a window
-- after the answer at the latest.
local function learn(bucket, max, remaining, held, n, answered)
  if max < bucket.limit and max ~= bucket.max then
    redis.call('HSET', bucket.state, 'max', max)
  elseif max >= bucket.limit and bucket.max then
    redis.call('HDEL', bucket.state, 'max')
  end
  local ours = held + bucket.n - n
  local room = math.min(bucket.limit, max) - redis.call('ZCARD', bucket.slots)
  local others = math.min(max - remaining - ours, room)
  if bucket.n < n or others <= 0 then
    return
  end
  for call = 1, others do
    redis.call('ZADD', bucket.slots, answered + bucket.window, 'other' .. bucket.n + call)
  end
  redis.call('HINCRBY', bucket.state, 'n', others)
end

-- Nobody calls until HubSpot's window has passed. Where headers do not say what others use, it counts as a strike,
-- once for all calls that were under way together.
local function punish(bucket, retry_after, answered, told)
  local strikes = standing(bucket)
  if not told and answered >= bucket.frozen then
    strikes = math.min(9, strikes + 1)
  end
  local frozen = math.max(bucket.frozen, answered + math.max(bucket.window, retry_after))
  redis.call('HSET', bucket.state, 'frozen', frozen, 'strikes', strikes, 'rejected_at', now)
  redis.call('HINCRBY', bucket.state, 'rejected', 1)
  keep(bucket.state, REMEMBER)
end

-- slot age rejected retry_after max remaining held n, then per bucket: limit window
-- The answer was seen age ago. Max and remaining are HubSpot's for the first bucket, max 0 if it said nothing.
function commands.answered()
  local slot, age, rejected, retry_after, max, remaining, held, n = ARGV[2], numbers(3, 7)
  for index = 1, (#KEYS - 1) / 2 do
    local bucket = opened(index)
    bucket.limit, bucket.window = numbers(8 + index * 2, 2)
    redis.call('ZADD', bucket.slots, now - age + bucket.window, slot)
    if index == 1 and max > 0 then
      learn(bucket, max, remaining, held, n, now - age)
    end
    if rejected == 1 then
      punish(bucket, retry_after, now - age, index == 1 and max > 0)
    end
    keep(bucket.slots, bucket.window + SPARE)
    keep(bucket.state, bucket.window + SPARE)
  end
  return now
end

-- slot…: these calls never left
function commands.unused()
  for index = 1, (#KEYS - 1) / 2 do
    redis.call('ZREM', KEYS[index * 2], unpack(ARGV, 2))
  end
  return now
end

-- ms, then slots: count these calls for so long from now, whether known here or not
function commands.hold()
  local ms = tonumber(ARGV[2])
  for index = 1, (#KEYS - 1) / 2 do
    for position = 3, #ARGV do
      redis.call('ZADD', KEYS[index * 2], now + ms, ARGV[position])
    end
    keep(KEYS[index * 2], ms + SPARE)
  end
  return now
end

-- ms slot: as hold, if its place is still ours. Answers 1 or 0
function commands.renew()
  for index = 1, (#KEYS - 1) / 2 do
    local back = redis.call('ZSCORE', KEYS[index * 2], ARGV[3])
    if not back or tonumber(back) <= now then
      return 0
    end
  end
  commands.hold()
  return 1
end

-- Per bucket: limit window. Answers per bucket: held usable waiting frozen_for cold_for rejected rejected_ago
function commands.look()
  local seen = {}
  for index = 1, (#KEYS - 1) / 2 do
    local bucket = opened(index)
    bucket.limit, bucket.window = numbers(index * 2, 2)
    in_front(bucket, '', 0)
    local cold = began > 0 and math.max(0, began + bucket.window + UNDER_WAY - now) or 0
    local rejected = tonumber(redis.call('HGET', bucket.state, 'rejected')) or 0
    local held = redis.call('ZCARD', bucket.slots)
    local frozen = math.max(0, bucket.frozen - now)
    table.insert(seen, { held, usable(bucket), #bucket.queue, frozen, cold, rejected, now - bucket.rejected_at })
  end
  return seen
end

-- away: 1 if the caller has been without Redis for so long that it called all the same. If nobody else asked
-- meanwhile, the others did likewise, and have yet to say so.
function commands.meet()
  if silent and ARGV[2] == '1' then
    redis.call('HSET', KEYS[1], 'woke', now)
  end
  return now
end

-- Nobody called HubSpot within the last window: nothing to wait for
function commands.trust()
  redis.call('HSET', KEYS[1], 'began', 0, 'woke', 0)
  return now
end

-- The clock leapt forward, places came back too early: as if all were forgotten
function commands.distrust()
  redis.call('HSET', KEYS[1], 'began', now)
  return now
end

return commands[ARGV[1]]()
