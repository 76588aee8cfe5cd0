-- Takes some from each bucket, or nothing when one of them has too little (the generic cell rate algorithm).
--
-- KEYS: the buckets. ARGV: for each, the microseconds in which one comes back, how many a full bucket holds, and how many
-- are taken.
-- Kept of a bucket is the instant at which it is full again. The time is this server's, so that the clocks of those who
-- ask need not agree.
-- Answers for each bucket how many are left, and how many microseconds until that many are there again (0: they are).
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer, full, short = {}, {}, false
for i, key in ipairs(KEYS) do
  local each, most, amount = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local known = tonumber(redis.call('GET', key) or now)
  -- Never fuller than full; and, should the clock have been set back, never emptier than empty.
  full[i] = math.min(math.max(known, now), now + each * most) + each * amount
  local wait = full[i] - each * most - now
  if wait > 0 then
    short = true
    answer[2 * i - 1], answer[2 * i] = 0, math.ceil(wait)
  else
    answer[2 * i - 1], answer[2 * i] = math.floor(-wait / each), 0
  end
end
if not short then
  for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.0f', full[i]), 'PX', math.ceil((full[i] - now) / 1000) + 1)
  end
end
return answer
