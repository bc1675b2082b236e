"""The SQL of bulk refresh, each statement once for any number of dealers or workorders.

Leases are judged by `clock_timestamp()`, since a transaction may have begun long before it comes to one; what
an index is to find, by `now()`, which stands still during the statement.
"""
# ruff: noqa: S608  statements are put together from constants of this file alone

_OPEN = "state IN ('waiting', 'running')"
_RING = "clock_timestamp() + make_interval(secs => :ring_seconds)"
# Whatever changed while the last run was reading is read again, also with clocks a little apart.
_OVERLAP = "interval '15 minutes'"
# Only a run over all of the window notices what vanished from it and what it has newly reached.
_FULL_EVERY = "interval '1 day'"

# NO KEY UPDATE: rows that refer to a dealer can be inserted meanwhile.
DUE = f"""
SELECT dealer_id, time_zone, refresh_every_minutes, refresh_from, refresh_until,
    next_refresh_at AS due_at, now() AS now
FROM dealers d
WHERE refresh_every_minutes IS NOT NULL AND NOT paused AND next_refresh_at <= now()
    AND NOT EXISTS (SELECT FROM refresh_runs r WHERE r.dealer_id = d.dealer_id AND {_OPEN})
ORDER BY next_refresh_at LIMIT :limit
FOR NO KEY UPDATE SKIP LOCKED
"""

PLAN = """
UPDATE dealers d SET next_refresh_at = p.next_at
FROM jsonb_to_recordset(CAST(:planned AS jsonb)) AS p (dealer_id bigint, next_at timestamptz)
WHERE d.dealer_id = p.dealer_id
"""

_INSERT = f"""
INSERT INTO refresh_runs AS run (dealer_id, window_from, window_until, modified_since, expected, ring_at)
SELECT d.dealer_id, today - d.days_back, today + d.days_ahead + 1, last.since, alike.seen, {_RING}
FROM dealers d
CROSS JOIN LATERAL CAST(now() AT TIME ZONE d.time_zone AS date) AS today
LEFT JOIN LATERAL (
    SELECT max(r.started_at) - {_OVERLAP} AS since FROM refresh_runs r
    WHERE r.dealer_id = d.dealer_id AND r.started_at > now() - {_FULL_EVERY} AND r.state = 'done'
    HAVING bool_or(r.modified_since IS NULL)
) AS last ON d.modified_on_works
LEFT JOIN LATERAL (
    SELECT r.seen FROM refresh_runs r
    WHERE r.dealer_id = d.dealer_id AND r.state = 'done'
        AND (r.modified_since IS NULL) = (last.since IS NULL)
    ORDER BY r.started_at DESC LIMIT 1
) AS alike ON true
WHERE d.dealer_id = ANY(CAST(:dealer_ids AS bigint[]))
ON CONFLICT (dealer_id) WHERE {_OPEN}
"""
START = f"{_INSERT} DO NOTHING RETURNING id, dealer_id"
# The update changes nothing; it is what makes PostgreSQL return the row that is there.
START_OR_JOIN = f"{_INSERT} DO UPDATE SET dealer_id = run.dealer_id RETURNING id, dealer_id"

OVERDUE = f"""
UPDATE refresh_runs SET ring_at = {_RING}
WHERE id IN (
    SELECT id FROM refresh_runs WHERE {_OPEN} AND ring_at <= now()
    ORDER BY ring_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, dealer_id
"""

_SPENT = "attempts >= :max_attempts"
TAKE_LEASE = f"""
UPDATE refresh_runs r SET
    attempts = attempts + 1,
    state = CASE WHEN {_SPENT} THEN 'failed' ELSE 'running' END,
    finished_at = CASE WHEN {_SPENT} THEN clock_timestamp() END,
    error_code = CASE WHEN {_SPENT} THEN coalesce(error_code, 'worker_lost') ELSE error_code END,
    lease_owner = CASE WHEN NOT ({_SPENT}) THEN :owner END,
    lease_until = CASE WHEN NOT ({_SPENT}) THEN until END,
    ring_at = until
FROM (SELECT clock_timestamp() + make_interval(secs => :seconds) AS until) lease
WHERE id = :run_id AND {_OPEN} AND (lease_until IS NULL OR lease_until <= clock_timestamp()
    OR lease_owner ^@ ANY(CAST(:dead AS text[])))
RETURNING r.*, clock_timestamp() AS now
"""

_HELD = "id = :run_id AND lease_owner = :owner"

ADVANCE = f"""
UPDATE refresh_runs SET
    phase = :phase, after_dms_number = :after_dms_number, last_page_at = clock_timestamp(),
    attempts = 0, error_code = NULL, pages = pages + 1, requests = requests + :requests,
    created = created + :created, updated = updated + :updated, unchanged = unchanged + :unchanged,
    held = held + :held, rejected = rejected + :rejected, skipped = skipped + :skipped,
    missing = missing + :missing, seen = seen + :seen,
    expected = coalesce(CAST(:expected AS integer), expected)
WHERE {_HELD}
"""

RELEASE = f"""
UPDATE refresh_runs SET
    lease_owner = NULL, lease_until = NULL, ring_at = {_RING},
    error_code = coalesce(CAST(:error_code AS text), error_code)
WHERE {_HELD}
"""

FINISH = f"""
UPDATE refresh_runs SET
    state = :state, finished_at = clock_timestamp(), lease_owner = NULL, lease_until = NULL,
    error_code = CAST(:error_code AS text), phase = CASE WHEN :state = 'done' THEN 'done' ELSE phase END
WHERE {_HELD}
"""

_RUN = "SELECT *, clock_timestamp() AS now FROM refresh_runs"
ONE_RUN = f"{_RUN} WHERE id = :run_id"
OPEN_RUNS = f"{_RUN} WHERE {_OPEN} ORDER BY started_at, id"
RECENT_RUNS = f"{_RUN} WHERE dealer_id = :dealer_id ORDER BY started_at DESC, id DESC LIMIT :limit"

_NUMBERED = "dealer_id = :dealer_id AND dms_number = ANY(CAST(:numbers AS bigint[]))"
DIGESTS = f"SELECT dms_number, source_digest FROM workorders WHERE {_NUMBERED}"

_KNOWN = """
SELECT dms_number FROM workorders
WHERE dealer_id = :dealer_id AND dms_number > :after AND missing_in_dms_since IS NULL
"""
KNOWN_OUTSIDE = f"""{_KNOWN}
    AND (appointment_local < :begins OR appointment_local >= :ends)
    AND appointment_local >= now() - interval '180 days'
ORDER BY dms_number LIMIT :limit
"""
KNOWN_BETWEEN = f"""{_KNOWN}
    AND dms_number <= coalesce(CAST(:until AS bigint), 9223372036854775807)
    AND appointment_local >= :begins AND appointment_local < :ends
ORDER BY dms_number
"""

# Locked in the order in which pages lock, so that they never wait for each other.
_LOCKED = "SELECT id FROM workorders WHERE {which} ORDER BY id FOR NO KEY UPDATE"
MARK_MISSING = f"""
UPDATE workorders SET missing_in_dms_since = :at
WHERE id IN ({_LOCKED.format(which=f"{_NUMBERED} AND missing_in_dms_since IS NULL AND fetched_at <= :at")})
"""
MARK_SEEN = f"""
UPDATE workorders SET missing_in_dms_since = NULL
WHERE id IN ({_LOCKED.format(which=f"{_NUMBERED} AND missing_in_dms_since < :at")})
"""
