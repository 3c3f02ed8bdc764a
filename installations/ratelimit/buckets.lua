-- Leave to call HubSpot. One script, so that every decision is one atomic step on Redis' own clock.
--
-- A bucket is two keys in one hash slot:
--   …:<bucket>        sorted set: one member per call that HubSpot's window may still hold, scored with the
--                     millisecond at which its place comes back
--   …:<bucket>:state  hash: n (grows with calls begun), paced (when the next paced call would be on time), rush (see below),
--                     queue (who waits), frozen (nobody before), rejected (429s), rejected_at, strikes,
--                     max (HubSpot's, if it differs from what we assume at first)
-- A bucket with midnights is a day's: its sorted set holds the calls under way, and its state also ends (when its day
-- does), used (calls of the day), first (n when the day began), told (n of the latest call whose answer said what is
-- left) and told_at.
-- KEYS[1] is the era: which Redis server wrote all this (run), since when (began), the latest time seen, how far
-- its clock has been set back (behind), and when all callers found it again (woke). Further keys are pairs of the
-- above. Times are whole milliseconds. Callers compare Redis' clock with their own: what it leapt ahead in all (leapt) is
-- taken off what they are told, so that one of them notices a leap for all.
local GRACE = 250 -- a place in the queue outlasts its promised start by this
local UNDER_WAY = 1000 -- calls begun before an era may arrive this late in it
local SILENCE = 10000 -- callers who find Redis away call nobody for longer than this
local FORGET = 10 -- windows without a 429 until one strike is forgotten
local SPARE = 1000 -- keys outlive their content by this
local REMEMBER = 3600 * 1000 -- a 429, for those who look
local PROBES = 2 -- calls under way while nobody knows what is left of the day
local PROBED = 100 -- and how soon to look whether they came back
local DOUBT = 15 * 60 * 1000 -- so long after midnight HubSpot's clock may still show the day before
local AGAIN = 60 * 1000 -- when it seems to, we look again so much later
local TWO_DAYS = 2 * 24 * 3600 * 1000 -- no day is longer than half of this
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
  local known = redis.call('HMGET', KEYS[1], 'run', 'began', 'seen', 'behind', 'woke', 'leapt')
  local began, seen, behind = tonumber(known[2]), tonumber(known[3]) or 0, tonumber(known[4]) or 0
  local woke, leapt = tonumber(known[5]) or 0, tonumber(known[6]) or 0
  local now = math.max(time + behind, seen)
  if known[1] ~= run then
    began = now
    redis.call('HSET', KEYS[1], 'run', run, 'began', began)
  end
  if now > seen + 100 or now - time ~= behind then
    redis.call('HSET', KEYS[1], 'seen', now, 'behind', now - time)
  end
  return now, time, now - leapt, began, woke, now > seen + SILENCE
end

-- Windows go by now, which never steps back. Midnights go by what Redis' clock says. Steady is what callers are told.
local now, time_of_day, steady, began, woke, silent = enter_era()

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

-- The day that it is: when it began and when it ends, of the midnights around the one that the caller believes in.
local function today(midnights)
  for position = 2, 3 do
    if time_of_day < midnights[position] then
      return midnights[position - 1], midnights[position]
    end
  end
  return midnights[3], midnights[4]
end

local function keep_day(bucket)
  keep(bucket.state, math.max(0, bucket.ends - time_of_day) + SPARE)
end

-- At midnight all places of a day come back, but for the calls under way, which HubSpot may count as the new day's.
-- What it has counted of that day by then, of others' calls, nobody knows yet.
local function open_day(bucket)
  local day = redis.call('HMGET', bucket.state, 'ends', 'used', 'first', 'told', 'told_at')
  bucket.ends, bucket.used, bucket.first = tonumber(day[1]), tonumber(day[2]) or 0, tonumber(day[3]) or 0
  bucket.told, bucket.told_at = tonumber(day[4]) or 0, tonumber(day[5])
  local begins, ends = today(bucket.midnights)
  bucket.doubtful_until = begins + DOUBT
  local set_back = bucket.ends and bucket.ends > ends and bucket.ends < ends + TWO_DAYS
  local doubtful = bucket.ends and bucket.ends > time_of_day and bucket.ends <= bucket.doubtful_until
  if bucket.ends ~= ends and not set_back and not doubtful then
    bucket.ends, bucket.used, bucket.first, bucket.told_at = ends, redis.call('ZCARD', bucket.slots), bucket.n, nil
    redis.call('HDEL', bucket.state, 'told_at')
    redis.call('HSET', bucket.state, 'ends', ends, 'used', bucket.used, 'first', bucket.first)
    keep_day(bucket)
  end
  bucket.untold = not bucket.told_at or bucket.told_at < math.max(began, woke)
end

local RULE = 10 -- numbers that say what a bucket is, from ARGV[first] on

local function opened(index, first)
  local bucket = { slots = KEYS[index * 2], state = KEYS[index * 2 + 1] }
  local assumed
  bucket.limit, bucket.window, assumed, bucket.kept, bucket.interval, bucket.burst = numbers(first, 6)
  redis.call('ZREMRANGEBYSCORE', bucket.slots, '-inf', now)
  local state =
    redis.call('HMGET', bucket.state, 'n', 'paced', 'queue', 'frozen', 'strikes', 'rejected_at', 'max', 'rush')
  bucket.n = tonumber(state[1]) or now -- so that no call begun before we forgot can be taken for one begun since
  bucket.paced = tonumber(state[2]) or 0
  bucket.queue = state[3] and cmsgpack.unpack(state[3]) or {}
  bucket.frozen = tonumber(state[4]) or 0
  bucket.strikes = tonumber(state[5]) or 0
  bucket.rejected_at = tonumber(state[6]) or 0
  bucket.max, bucket.assumed = tonumber(state[7]), assumed
  bucket.rush = tonumber(state[8]) or 0
  bucket.known = math.min(bucket.limit, bucket.max or assumed)
  -- Rules are for the limit; what we know it to be may be less.
  bucket.interval = math.floor(bucket.interval * bucket.limit / bucket.known)
  bucket.kept = math.ceil(bucket.kept * bucket.known / bucket.limit)
  bucket.midnights = { numbers(first + 6, 4) }
  if bucket.midnights[1] > 0 then
    open_day(bucket)
  end
  return bucket
end

local function standing(bucket)
  return math.max(0, bucket.strikes - math.floor((now - bucket.rejected_at) / (bucket.window * FORGET)))
end

-- What we may use: what we know the limit to be, and a tenth less for each strike.
local function usable(bucket)
  if bucket.ends then
    return bucket.known
  end
  return math.max(1, bucket.known - standing(bucket) * math.max(1, math.floor(bucket.known / 10)))
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
  local hole = math.floor(bucket.known / 20) - coming_back_within(bucket, bucket.window / 10)
  return math.max(0, math.min(math.max(kept, hole), most))
end

local function earliest_today(bucket, ahead, calls)
  local kept = math.max(0, math.min(bucket.kept, bucket.known - calls))
  if bucket.used + ahead + calls + kept > bucket.known then
    return now + math.max(1, bucket.ends - time_of_day), 'full today'
  end
  if bucket.untold and bucket.held > 0 and bucket.held + ahead + calls > PROBES then
    return now + PROBED, 'untold'
  end
  return now, ''
end

local function earliest(bucket, ticket, rank, calls)
  local ahead = in_front(bucket, ticket, rank)
  if bucket.ends then
    return earliest_today(bucket, ahead, calls)
  end
  local allowed = usable(bucket)
  if now < woke + bucket.window + UNDER_WAY then
    allowed = math.min(allowed, math.ceil(bucket.known / 2)) -- callers may have used the other half without Redis
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
  if bucket.ends then
    bucket.used = bucket.used + #slots
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
  if bucket.ends then
    redis.call('HSET', bucket.state, 'used', bucket.used)
    keep_day(bucket)
  end
end

local commands = {}

-- Rules of a bucket: limit window assumed kept interval burst, and four midnights in a row, of which the second began
-- the day as its caller sees it; 0 each if this is no day's bucket. Assumed is what we take the limit for until
-- HubSpot tells.

-- not_after ticket rank calls wait hold, then per bucket: its rules
-- Answers verdict steady start bucket reason, then per bucket: held n. Start is on the same clock. Verdict 1: go; 0: come back at start; -1: start is
-- further away than wait; -2: the request is older than its sender's patience, nothing was done.
function commands.take()
  local not_after, ticket, rank, calls, wait, hold = tonumber(ARGV[2]), ARGV[3], numbers(4, 4)
  if steady > not_after then
    return { -2, steady, steady, 1, 'late' }
  end
  local slots = {}
  for call = 1, calls do
    table.insert(slots, rank .. ticket .. call)
  end
  local buckets, start, slowest, reason = {}, now, 1, ''
  for index = 1, (#KEYS - 1) / 2 do
    local bucket = opened(index, 8 + (index - 1) * RULE)
    -- Who asks again after an answer that got lost still has what it gave.
    local given = redis.call('ZREM', bucket.slots, unpack(slots))
    if bucket.ends then
      bucket.used = math.max(0, bucket.used - given)
    end
    bucket.held = redis.call('ZCARD', bucket.slots)
    local time, why = earliest(bucket, ticket, rank, calls)
    if time > start then
      start, slowest, reason = time, index, why
    end
    buckets[index] = bucket
  end
  local verdict = start <= now and 1 or start - now <= wait and 0 or -1
  local answer = { verdict, steady, start - now + steady, slowest, reason }
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
    table.insert(answer, bucket.held)
    table.insert(answer, bucket.n)
  end
  return answer
end

local function learn_limit(bucket, max)
  if math.min(max, bucket.limit) == bucket.assumed then
    if bucket.max then
      redis.call('HDEL', bucket.state, 'max')
    end
  elseif max ~= bucket.max then
    redis.call('HSET', bucket.state, 'max', max)
  end
  bucket.known = math.min(max, bucket.limit)
end

-- What others used of the accounts' allowances since somebody asked: account, calls.
local OTHERS = KEYS[1] .. ':others'

local function note_others(bucket, calls)
  local account = string.match(bucket.slots, '{(%d+)}')
  if account then
    redis.call('HINCRBY', OTHERS, account, calls)
    keep(OTHERS, REMEMBER)
  end
end

-- Somebody else uses this allowance. What HubSpot counted can hold none of ours but those held when the call began and
-- those begun since, so the rest are others': they come back a window after the answer at the latest.
local function learn(bucket, max, remaining, held, n, answered)
  learn_limit(bucket, max)
  local ours = held + bucket.n - n
  local room = bucket.known - redis.call('ZCARD', bucket.slots)
  local others = math.min(max - remaining - ours, room)
  if bucket.n < n or others <= 0 then
    return
  end
  for call = 1, others do
    redis.call('ZADD', bucket.slots, answered + bucket.window, 'other' .. bucket.n + call)
  end
  redis.call('HINCRBY', bucket.state, 'n', others)
  note_others(bucket, others)
end

-- HubSpot's count of the day holds all calls but, at most, those of ours that were under way when this one began, and
-- those begun since. The answer to the latest call is right, both up and down; that all is used up is right in any case.
-- It says nothing if its call is from the day before. If nearly all is used so soon after midnight, it is yesterday's
-- count: HubSpot's clock is behind ours.
local function learn_day(bucket, counted, held, n)
  local late = n < bucket.told and counted < bucket.known
  if n <= bucket.first or n > bucket.n or late then
    return
  end
  local used = counted + bucket.n - n + math.max(0, held - 1)
  redis.call('HSET', bucket.state, 'used', used, 'told', n, 'told_at', now)
  if time_of_day < bucket.doubtful_until and counted > bucket.known * 0.9 then
    redis.call('HSET', bucket.state, 'ends', math.min(time_of_day + AGAIN, bucket.doubtful_until))
  end
end

-- Nobody calls until HubSpot's window has passed. Where headers do not say what others use, it counts as a strike,
-- once for all calls that were under way together.
local function punish(bucket, retry_after, answered, told)
  local strikes = standing(bucket)
  if not told and answered >= bucket.frozen then
    strikes = math.min(9, strikes + 1)
  end
  local frozen = math.max(bucket.frozen, answered + math.max(bucket.window, retry_after))
  redis.call('HSET', bucket.state, 'frozen', frozen, 'strikes', strikes)
end

local function hear(bucket, answered, rejected, retry_after, max, remaining, held, n)
  if bucket.ends then
    if max > 0 then
      learn_limit(bucket, max)
      learn_day(bucket, math.max(0, max - remaining), held, n)
    elseif rejected then
      learn_day(bucket, bucket.known, held, n)
    end
    keep_day(bucket)
  else
    if max > 0 then
      learn(bucket, max, remaining, held, n, answered)
    end
    if rejected then
      punish(bucket, retry_after, answered, max > 0)
    end
  end
  if rejected then
    redis.call('HINCRBY', bucket.state, 'rejected', 1)
    redis.call('HSET', bucket.state, 'rejected_at', now)
    keep(bucket.state, REMEMBER)
  end
end

-- slot age retry_after, then per bucket: its rules, and rejected max remaining held n
-- The answer was seen age ago. Max and remaining are HubSpot's, max 0 if it said nothing of this bucket; held and n
-- are what the call was told when it began.
function commands.answered()
  local slot, age, retry_after = ARGV[2], numbers(3, 2)
  for index = 1, (#KEYS - 1) / 2 do
    local first = 5 + (index - 1) * (RULE + 5)
    local bucket = opened(index, first)
    local rejected, max, remaining, held, n = numbers(first + RULE, 5)
    redis.call('ZADD', bucket.slots, now - age + bucket.window, slot)
    hear(bucket, now - age, rejected == 1, retry_after, max, remaining, held, n)
    keep(bucket.slots, bucket.window + SPARE)
    keep(bucket.state, bucket.window + SPARE)
  end
  return now
end

-- the interval of each bucket, then slots: these calls never left
function commands.unused()
  local buckets = (#KEYS - 1) / 2
  for index = 1, buckets do
    local state = KEYS[index * 2 + 1]
    local given_back = redis.call('ZREM', KEYS[index * 2], unpack(ARGV, 2 + buckets))
    local known = redis.call('HMGET', state, 'paced', 'used')
    if given_back > 0 and known[1] then
      redis.call('HSET', state, 'paced', known[1] - given_back * ARGV[1 + index])
    end
    if given_back > 0 and known[2] then
      redis.call('HSET', state, 'used', math.max(0, known[2] - given_back))
    end
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

-- Per bucket: its rules. Answers per bucket: used usable waiting frozen_for cold_for rejected rejected_ago, then how
-- many of the used are of each work class
function commands.look()
  local seen = {}
  for index = 1, (#KEYS - 1) / 2 do
    local bucket = opened(index, 2 + (index - 1) * RULE)
    in_front(bucket, '', 0)
    local cold = not bucket.ends and began > 0 and math.max(0, began + bucket.window + UNDER_WAY - now) or 0
    local rejected = tonumber(redis.call('HGET', bucket.state, 'rejected')) or 0
    local slots = redis.call('ZRANGE', bucket.slots, 0, -1)
    local frozen = math.max(0, bucket.frozen - now)
    if bucket.ends and bucket.used >= bucket.known then
      frozen = math.max(1, bucket.ends - time_of_day)
    end
    local found =
      { bucket.used or #slots, usable(bucket), #bucket.queue, frozen, cold, rejected, now - bucket.rejected_at }
    for rank = 0, 3 do
      local count = 0
      for _, slot in ipairs(slots) do
        if string.sub(slot, 1, 1) == tostring(rank) then
          count = count + 1
        end
      end
      table.insert(found, count)
    end
    table.insert(seen, found)
  end
  return seen
end

-- Answers what others used of each account's allowance since this was asked last: account calls, …
function commands.others()
  local found = redis.call('HGETALL', OTHERS)
  redis.call('DEL', OTHERS)
  return found
end

-- away: 1 if the caller has been without Redis for so long that it called all the same. If nobody else asked
-- meanwhile, the others did likewise, and have yet to say so.
function commands.meet()
  if silent and ARGV[2] == '1' then
    redis.call('HSET', KEYS[1], 'woke', now)
  end
  return steady
end

-- Nobody called HubSpot within the last window: nothing to wait for
function commands.trust()
  redis.call('HSET', KEYS[1], 'began', 0, 'woke', 0)
  return now
end

-- earliest latest: what steady should be, by its caller's clock. If it is later, Redis' clock leapt ahead and places came
-- back too early: as if all were forgotten. Else another caller has seen to that.
function commands.distrust()
  local earliest, latest = numbers(2, 2)
  if steady > latest then
    redis.call('HSET', KEYS[1], 'began', now, 'leapt', now - earliest)
  end
  return now
end

return commands[ARGV[1]]()
