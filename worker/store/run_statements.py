"""The SQL of bulk refresh, each statement once for any number of dealers or workorders.

Leases are judged by `clock_timestamp()`, since a transaction may have begun long before it comes to one; what
an index is to find, by `now()`, which stands still during the statement.
"""
# ruff: noqa: S608  statements are put together from constants alone

from worker.store.columns import OPEN_RUN
from worker.store.quarantine_statements import GONE, UNKNOWN_OUTSIDE

_RING = "clock_timestamp() + make_interval(secs => :ring_seconds)"
_WATCHERS = "CAST(:watchers AS text[])"
# No lease and no pause is that long. What ends even later was written before the server's clock was set back,
# and must not keep a run from everybody for as long as that.
_TOO_FAR = "interval '15 minutes'"
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
    AND NOT EXISTS (SELECT FROM refresh_runs r WHERE r.dealer_id = d.dealer_id AND {OPEN_RUN})
ORDER BY next_refresh_at LIMIT :limit
FOR NO KEY UPDATE SKIP LOCKED
"""

PLAN = """
UPDATE dealers d SET next_refresh_at = p.next_at
FROM jsonb_to_recordset(CAST(:planned AS jsonb)) AS p (dealer_id bigint, next_at timestamptz)
WHERE d.dealer_id = p.dealer_id
"""

# A run after one that failed begins as if it had been tried once: with a knock at the dealer's door.
_INSERT = f"""
INSERT INTO refresh_runs AS run
    (dealer_id, window_from, window_until, modified_since, expected, ring_at, attempts, watchers)
SELECT d.dealer_id, today - d.days_back, today + d.days_ahead + 1, last.since, alike.seen, {_RING},
    CASE WHEN latest.state = 'failed' THEN 1 ELSE 0 END, {_WATCHERS}
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
LEFT JOIN LATERAL (
    SELECT r.state FROM refresh_runs r WHERE r.dealer_id = d.dealer_id ORDER BY r.started_at DESC LIMIT 1
) AS latest ON true
WHERE d.dealer_id = ANY(CAST(:dealer_ids AS bigint[]))
ON CONFLICT (dealer_id) WHERE {OPEN_RUN}
"""
START = f"{_INSERT} DO NOTHING RETURNING id AS run_id, dealer_id, turns AS turn, true AS unattended"
_WATCH = f"watchers = ARRAY(SELECT DISTINCT unnest(run.watchers || {_WATCHERS}))"
# Nobody holds it, and no message is under way for it, or it pauses after a failure.
_UNATTENDED = (
    "ring_at <= clock_timestamp() OR run.lease_until IS NULL AND run.error_code IS NOT NULL AS unattended"
)
# A row that was inserted has no xmax.
START_OR_JOIN = f"""{_INSERT} DO UPDATE SET {_WATCH}
RETURNING id AS run_id, dealer_id, turns AS turn, xmax = 0 OR {_UNATTENDED}
"""
JOIN = f"""
UPDATE refresh_runs AS run SET {_WATCH} WHERE id = :run_id AND dealer_id = ANY(:dealer_ids) AND {OPEN_RUN}
RETURNING id AS run_id, dealer_id, turns AS turn, {_UNATTENDED}
"""
DISMISS = """
UPDATE refresh_runs SET watchers = ARRAY(SELECT unnest(watchers) EXCEPT SELECT unnest(CAST(:told AS text[])))
WHERE id = :run_id
"""

OVERDUE = f"""
UPDATE refresh_runs SET ring_at = {_RING}
WHERE id IN (
    SELECT id FROM refresh_runs
    WHERE {OPEN_RUN} AND (ring_at <= now() OR ring_at > now() + {_TOO_FAR})
    ORDER BY ring_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id AS run_id, dealer_id, turns AS turn, true AS unattended
"""

# Who ended it died before all were told, or Redis was away for too long.
UNTOLD = f"""
UPDATE refresh_runs SET ring_at = {_RING}
WHERE id IN (
    SELECT id FROM refresh_runs
    WHERE watchers <> '{{}}' AND NOT ({OPEN_RUN})
        AND finished_at < now() - make_interval(secs => :ring_seconds)
        AND (ring_at <= now() OR ring_at > now() + {_TOO_FAR})
    ORDER BY ring_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id AS run_id, dealer_id, turns AS turn, true AS unattended
"""

_SPENT = "attempts >= :max_attempts"
TAKE_LEASE = f"""
UPDATE refresh_runs r SET
    attempts = attempts + 1, turns = turns + 1,
    state = CASE WHEN {_SPENT} THEN 'failed' ELSE 'running' END,
    finished_at = CASE WHEN {_SPENT} THEN clock_timestamp() END,
    error_code = CASE WHEN {_SPENT} THEN coalesce(error_code, 'worker_lost') ELSE error_code END,
    lease_owner = CASE WHEN NOT ({_SPENT}) THEN :owner END,
    lease_until = CASE WHEN NOT ({_SPENT}) THEN until END,
    ring_at = until
FROM (SELECT clock_timestamp() + make_interval(secs => :seconds) AS until) lease
WHERE id = :run_id AND {OPEN_RUN} AND (lease_owner ^@ ANY(CAST(:dead AS text[]))
    OR (lease_until IS NULL OR lease_until <= clock_timestamp()
            OR lease_until > clock_timestamp() + {_TOO_FAR})
        AND turns = coalesce(CAST(:turn AS integer), turns))
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

# Nothing was tried, or what was tried is the circuit's business: the lease does not count.
PUT_OFF = f"""
UPDATE refresh_runs SET
    lease_owner = NULL, lease_until = NULL, attempts = greatest(attempts - 1, 0),
    ring_at = greatest(CAST(:ring_at AS timestamptz), {_RING}), error_code = 'vinacles_circuit_open'
WHERE {_HELD}
"""
WAKE_PUT_OFF = f"""
UPDATE refresh_runs SET ring_at = clock_timestamp(), error_code = NULL
WHERE dealer_id = :dealer_id AND {OPEN_RUN} AND lease_owner IS NULL AND error_code = 'vinacles_circuit_open'
"""

FINISH = f"""
UPDATE refresh_runs SET
    state = :state, finished_at = clock_timestamp(), lease_owner = NULL, lease_until = NULL,
    error_code = CAST(:error_code AS text), phase = CASE WHEN :state = 'done' THEN 'done' ELSE phase END
WHERE {_HELD}
"""

# Of a day in UTC, since a dealer's runs have no other.
ON_A_NEW_DAY = """
SELECT max(earlier.started_at) < date_trunc('day', run.started_at, 'UTC')
FROM refresh_runs run JOIN refresh_runs earlier USING (dealer_id)
WHERE run.id = :run_id AND earlier.state = 'done' AND earlier.started_at < run.started_at
GROUP BY run.started_at
"""

_RUN = "SELECT *, clock_timestamp() AS now FROM refresh_runs"
ONE_RUN = f"{_RUN} WHERE id = :run_id"
OPEN_RUNS = f"{_RUN} WHERE {OPEN_RUN} ORDER BY started_at, id"
RECENT_RUNS = f"{_RUN} WHERE dealer_id = :dealer_id ORDER BY started_at DESC, id DESC LIMIT :limit"

_NUMBERED = "dealer_id = :dealer_id AND dms_number = ANY(CAST(:numbers AS bigint[]))"
DIGESTS = f"SELECT dms_number, source_digest FROM workorders WHERE {_NUMBERED}"

_KNOWN = """
SELECT dms_number FROM workorders
WHERE dealer_id = :dealer_id AND dms_number > :after AND missing_in_dms_since IS NULL
"""
KNOWN_OUTSIDE = f"""({_KNOWN}
    AND (appointment_local < :begins OR appointment_local >= :ends)
    AND appointment_local >= now() - interval '180 days'
ORDER BY dms_number LIMIT :limit)
UNION ALL ({UNKNOWN_OUTSIDE})
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
WITH left_quarantine AS ({GONE})
UPDATE workorders SET missing_in_dms_since = :at
WHERE id IN ({_LOCKED.format(which=f"{_NUMBERED} AND missing_in_dms_since IS NULL AND fetched_at <= :at")})
"""
MARK_SEEN = f"""
UPDATE workorders SET missing_in_dms_since = NULL
WHERE id IN ({_LOCKED.format(which=f"{_NUMBERED} AND missing_in_dms_since < :at")})
"""

# What a page finds just as it is stored is written nowhere, unless somebody may believe that the policy keeps
# something out. Subqueries for single values: they are answered from the index, workorder by workorder. The
# rows in quarantine are not those that are stored.
NOTHING_HELD = f"""
WITH held AS MATERIALIZED (
    SELECT id, dms_number, wo_number FROM workorders w
    WHERE {_NUMBERED} AND (
        SELECT max(a.fetched_at) FROM import_attempts a
        WHERE a.workorder_id = w.id AND a.outcome = 'held' AND a.fetched_at > w.fetched_at
            AND a.fetched_at < :at
    ) > coalesce((
        SELECT max(b.fetched_at) FROM import_attempts b
        WHERE b.workorder_id = w.id AND b.outcome = 'unchanged' AND b.fetched_at > w.fetched_at
    ), '-infinity')
)
INSERT INTO import_attempts (
    dealer_id, workorder_id, dms_number, wo_number, trigger, task_id, outcome, fetched_at, started_at,
    duration_ms, requests)
SELECT :dealer_id, id, dms_number, wo_number, 'bulk', CAST(:task_id AS text), 'unchanged', :at, :at,
    round(extract(epoch FROM clock_timestamp() - :at) * 1000), :requests
FROM held WHERE NOT EXISTS (SELECT FROM quarantine q WHERE q.workorder_id = held.id)
"""
