"""The SQL of quarantine: who enters and who leaves with a page, and what else is asked of it."""
# ruff: noqa: S608  statements are put together from constants alone

from worker.errors import ErrorCode

# Whatever way it came: the newest moment from which Claire knows something of a workorder.
_KNOWN_NEWER = """
EXISTS (
    SELECT FROM workorders w WHERE w.id = {found}.workorder_id AND greatest(
        w.fetched_at, w.missing_in_dms_since,
        (SELECT max(a.fetched_at) FROM import_attempts a
         WHERE a.workorder_id = w.id AND a.outcome IN ('created', 'updated', 'unchanged', 'held'))
    ) > {found}.seen_at)
"""

# What makes every search of a dealer fail alike. A defect does not: another search says nothing of it.
_OF_ALL_SEARCHES = (
    ErrorCode.CONFIGURATION,
    ErrorCode.VINACLES_LOGIN_FAILED,
    ErrorCode.VINACLES_NOT_ALLOWED,
    ErrorCode.VINACLES_REFUSED,
    ErrorCode.SCHEMA_DRIFT,
)
_OVER_WITH_A_SEARCH = ", ".join(f"'search/{code.value}'" for code in _OF_ALL_SEARCHES)

# The part of a page's one statement that is about quarantine; `header`, `page` and the parameters are its.
#
# An older answer neither enters nor leaves behind a newer one. What an operator discarded stays so while its
# rows are the same. PostgreSQL changes no row twice in one statement: hence DISTINCT and the last NOT IN.
OF_A_PAGE = f""",
rejected AS MATERIALIZED (
    SELECT DISTINCT ON (r.subject) r.*
    FROM page, jsonb_to_recordset(page.body -> 'rejected') AS r (
        subject text, workorder_id uuid, dms_number bigint, wo_number text, appointment_local timestamp,
        reason text, warnings text[], evidence jsonb, digest text, seen_at timestamptz)
    WHERE NOT {_KNOWN_NEWER.format(found="r")}
    ORDER BY r.subject
),
put_in_quarantine AS (
    INSERT INTO quarantine AS kept (
        dealer_id, subject, workorder_id, dms_number, wo_number, appointment_local, reason, warnings,
        evidence, source_digest, trigger, task_id, request_id, since, last_seen_at)
    SELECT :dealer_id, subject, workorder_id, dms_number, wo_number, appointment_local, reason, warnings,
        evidence, decode(digest, 'hex'), :trigger, CAST(:task_id AS text), CAST(:request_id AS text), seen_at,
        seen_at
    FROM rejected ORDER BY subject
    ON CONFLICT (dealer_id, subject) DO UPDATE SET
        wo_number = excluded.wo_number, appointment_local = excluded.appointment_local,
        reason = excluded.reason, error_code = NULL, warnings = excluded.warnings,
        evidence = excluded.evidence, source_digest = excluded.source_digest, trigger = excluded.trigger,
        task_id = excluded.task_id, request_id = excluded.request_id, last_seen_at = excluded.last_seen_at,
        times = kept.times + 1,
        discarded_at = CASE WHEN kept.source_digest = excluded.source_digest THEN kept.discarded_at END
    WHERE kept.last_seen_at <= excluded.last_seen_at
),
left_quarantine AS (
    DELETE FROM quarantine kept USING header h
    WHERE kept.workorder_id = h.id AND h.action <> 'rejected' AND kept.last_seen_at <= h.fetched_at
),
left_quarantine_by_number AS (
    DELETE FROM quarantine kept USING header h
    WHERE kept.dealer_id = :dealer_id AND kept.workorder_id IS NULL AND kept.wo_number = h.wo_number
        AND kept.last_seen_at <= h.fetched_at AND kept.subject NOT IN (SELECT subject FROM rejected)
),
searches_left_quarantine AS (
    DELETE FROM quarantine kept
    WHERE :trigger = 'search' AND kept.dealer_id = :dealer_id AND kept.subject IN ({_OVER_WITH_A_SEARCH})
        AND kept.last_seen_at <= greatest(
            (SELECT max(fetched_at) FROM header), (SELECT max(seen_at) FROM rejected))
)
"""

# A failure tells nothing of the rows, so it never replaces what a rejection told.
LIST_FAILURE = f"""
INSERT INTO quarantine AS kept (
    dealer_id, subject, workorder_id, dms_number, wo_number, error_code, trigger, task_id, request_id, since,
    last_seen_at)
SELECT :dealer_id, failed.subject, failed.workorder_id, failed.dms_number, failed.wo_number, :error_code,
    :trigger, CAST(:task_id AS text), CAST(:request_id AS text), failed.seen_at, failed.seen_at
FROM (
    SELECT 'workorder/' || dms_number AS subject, id AS workorder_id, dms_number, wo_number,
        CAST(:seen_at AS timestamptz) AS seen_at
    FROM workorders WHERE dealer_id = :dealer_id AND id = CAST(:workorder_id AS uuid)
    UNION ALL
    SELECT CAST(:subject AS text), NULL, NULL, NULL, CAST(:seen_at AS timestamptz)
    FROM dealers WHERE dealer_id = :dealer_id AND CAST(:workorder_id AS uuid) IS NULL
) failed
WHERE NOT {_KNOWN_NEWER.format(found="failed")}
ON CONFLICT (dealer_id, subject) DO UPDATE SET
    error_code = excluded.error_code, trigger = excluded.trigger, task_id = excluded.task_id,
    request_id = excluded.request_id, last_seen_at = excluded.last_seen_at, times = kept.times + 1
WHERE kept.reason IS NULL AND kept.last_seen_at <= excluded.last_seen_at
"""

# The backend's `request_id` is left out: nobody has checked it, and anybody's data may stand there.
LIST_LOST_REQUEST = """
INSERT INTO quarantine AS kept (
    dealer_id, subject, workorder_id, dms_number, wo_number, error_code, trigger, task_id, since,
    last_seen_at)
SELECT r.dealer_id, coalesce('workorder/' || w.dms_number, 'search/' || r.error_code), w.id, w.dms_number,
    w.wo_number, r.error_code, CASE r.kind WHEN 'import' THEN 'search' ELSE r.kind END,
    'import_requests/' || r.id, r.answered_at, r.answered_at
FROM import_requests r JOIN dealers USING (dealer_id)
LEFT JOIN workorders w ON r.kind = 'refresh' AND w.id = r.workorder_id AND w.dealer_id = r.dealer_id
WHERE r.id = :id AND r.state = 'failed' AND (r.kind = 'import' OR w.id IS NOT NULL)
ON CONFLICT (dealer_id, subject) DO UPDATE SET
    error_code = excluded.error_code, trigger = excluded.trigger, task_id = excluded.task_id,
    request_id = NULL, last_seen_at = excluded.last_seen_at, times = kept.times + 1
WHERE kept.reason IS NULL AND kept.last_seen_at <= excluded.last_seen_at
"""

# A message may come again for a run that failed long ago.
LIST_FAILED_RUN = """
INSERT INTO quarantine AS kept (dealer_id, subject, error_code, trigger, task_id, since, last_seen_at)
SELECT r.dealer_id, 'bulk', r.error_code, 'bulk', CAST(:task_id AS text), r.finished_at, r.finished_at
FROM refresh_runs r
WHERE r.id = :run_id AND r.state = 'failed' AND NOT EXISTS (
    SELECT FROM refresh_runs d
    WHERE d.dealer_id = r.dealer_id AND d.state = 'done' AND d.finished_at > r.finished_at)
ON CONFLICT (dealer_id, subject) DO UPDATE SET
    error_code = excluded.error_code, task_id = excluded.task_id, last_seen_at = excluded.last_seen_at,
    times = kept.times + 1
WHERE kept.last_seen_at < excluded.last_seen_at
"""

DIGESTS = """
SELECT dms_number, coalesce(source_digest, '') AS digest, reason FROM quarantine
WHERE dealer_id = :dealer_id AND dms_number = ANY(CAST(:numbers AS bigint[]))
"""

# One that left the DMS has nothing left to be mended.
GONE = """
DELETE FROM quarantine
WHERE dealer_id = :dealer_id AND dms_number = ANY(CAST(:numbers AS bigint[])) AND last_seen_at <= :at
"""

RUN_DONE = "DELETE FROM quarantine WHERE dealer_id = :dealer_id AND subject = 'bulk'"

# Whether a run may still come across a rejected workorder, and a day more: by its window, or as one that is
# known. One that it read just so leaves no trace here, so that its age says nothing.
STILL_READ = """
t.dms_number IS NOT NULL AND EXISTS (
    SELECT FROM dealers d LEFT JOIN workorders w ON w.id = t.workorder_id
    WHERE d.dealer_id = t.dealer_id AND greatest(coalesce(t.appointment_local, t.since), w.appointment_local)
        >= now() - make_interval(days => greatest(180, d.days_back) + 1))
"""

# Rejected before they were ever imported, so that nothing else asks for them: what the window shows is left
# out, and what nobody mended for half a year.
UNKNOWN_OUTSIDE = """
SELECT q.dms_number FROM quarantine q
WHERE q.dealer_id = :dealer_id AND q.dms_number > :after
    AND (q.appointment_local IS NULL OR q.appointment_local < :begins OR q.appointment_local >= :ends)
    AND coalesce(q.appointment_local, q.since) >= now() - interval '180 days'
    AND NOT EXISTS (SELECT FROM workorders w WHERE w.id = q.workorder_id)
ORDER BY q.dms_number LIMIT :limit
"""

_SHOWN = """
SELECT dealer_id, subject, workorder_id, dms_number, wo_number, reason, error_code, warnings, evidence,
    trigger, task_id, request_id, since, last_seen_at, times, discarded_at
FROM quarantine
"""
CHOSEN = f"""{_SHOWN}
WHERE (CAST(:dealer_id AS bigint) IS NULL OR dealer_id = :dealer_id)
    AND (CAST(:named AS text) IS NULL OR :named IN (subject, CAST(dms_number AS text), wo_number))
    AND (CAST(:why AS text) IS NULL OR :why IN (reason, error_code))
    AND (CAST(:seconds AS double precision) IS NULL OR since <= now() - make_interval(secs => :seconds))
    AND (:discarded OR discarded_at IS NULL)
ORDER BY dealer_id, since, id
"""

# A failure has no rows whose change would bring it back, so it goes.
DISCARD = """
WITH failed AS (
    DELETE FROM quarantine
    WHERE dealer_id = :dealer_id AND subject = ANY(CAST(:subjects AS text[])) AND reason IS NULL
    RETURNING id
), silenced AS (
    UPDATE quarantine SET discarded_at = now()
    WHERE dealer_id = :dealer_id AND subject = ANY(CAST(:subjects AS text[])) AND reason IS NOT NULL
        AND discarded_at IS NULL
    RETURNING id
)
SELECT (SELECT count(*) FROM failed) + (SELECT count(*) FROM silenced)
"""
