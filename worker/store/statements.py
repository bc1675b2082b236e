"""The SQL of a page, each statement once for any number of workorders."""

from worker.store.quarantine_statements import OF_A_PAGE

# Imports of one dealer share this lock; reporting a start of work for an unknown workorder takes it alone,
# and so never falls between an import's reading and its writing.
_LOCK_KEY = "hashtextextended('twodrive/dealer/' || CAST(:dealer_id AS bigint), 0)"

SHARE_DEALER = f"""
SELECT keep_importing_after_start, pg_advisory_xact_lock_shared({_LOCK_KEY})
FROM dealers WHERE dealer_id = :dealer_id
"""  # noqa: S608  the key is a constant

OWN_DEALER = f"SELECT pg_advisory_xact_lock({_LOCK_KEY}) FROM dealers WHERE dealer_id = :dealer_id"  # noqa: S608  a constant

# By id alone: it follows from dealer and DMS number, and its index is the right one for any dealer's size.
# The same order in every transaction, so that two pages never wait for each other.
LOCK = """
SELECT dms_number, source_digest, fetched_at, work_started_at
FROM workorders WHERE id = ANY(CAST(:ids AS uuid[]))
ORDER BY id FOR NO KEY UPDATE
"""

_DETAILS = """
SELECT w.*,
    (SELECT max(a.fetched_at) FROM import_attempts a
     WHERE a.workorder_id = w.id AND a.outcome IN ('created', 'updated', 'unchanged', 'held')
    ) AS considered_at,
    (SELECT CAST(json_agg(i) AS text) FROM (
        SELECT job_number, position, title, labor_price, parts_price, total_price FROM interventions
        WHERE workorder_id = w.id AND removed_at IS NULL ORDER BY position, job_number) i) AS interventions,
    (SELECT CAST(json_agg(p) AS text) FROM (
        SELECT job_number, line_id, position, reference_code, quantity, price FROM parts
        WHERE workorder_id = w.id AND removed_at IS NULL ORDER BY position, line_id) p) AS parts,
    (SELECT CAST(json_agg(c) AS text) FROM (
        SELECT role, last_name, phone, phone_as_written, email FROM contacts
        WHERE workorder_id = w.id AND removed_at IS NULL ORDER BY id) c) AS contacts
FROM workorders w
"""
DETAILS_OF_PAGE = f"{_DETAILS} WHERE w.id = ANY(CAST(:ids AS uuid[]))"
DETAILS_OF_ONE = f"{_DETAILS} WHERE w.dealer_id = :dealer_id AND w.id = :workorder_id"

# Everything that a page changes, in one statement, from one JSON parameter (see `payload`).
#
# The conditions of `updated` hold whatever was decided: an older answer never overwrites a newer one, and
# nothing changes once work has started unless the dealer keeps importing. Children follow the headers that
# were really `written`. `noted` keeps the new digest of an answer whose fields are all the same. `present`
# says of the others whether the DMS has them; PostgreSQL would update no row twice in one statement.
# NOT IN hashes the page once; PostgreSQL expects few rows from JSON and would run NOT EXISTS as nested loops.
WRITE = """
WITH page AS MATERIALIZED (SELECT CAST(:page AS jsonb) AS body),
header AS MATERIALIZED (
    SELECT h.* FROM page, jsonb_to_recordset(page.body -> 'workorders') AS h (
        action text, id uuid, dms_number bigint, wo_number text, affiliate_id bigint,
        appointment_local timestamp, appointment_at timestamptz, mileage_km integer, make text, model text,
        plate text, plate_display text, fetched_at timestamptz, digest text)
),
inserted AS (
    INSERT INTO workorders (
        id, dealer_id, dms_number, wo_number, affiliate_id, appointment_local, appointment_at, mileage_km,
        make, model, plate, plate_display, work_started_at, fetched_at, source_digest,
        imported_by_task, imported_by_request, imported_by_version)
    SELECT h.id, :dealer_id, h.dms_number, h.wo_number, h.affiliate_id, h.appointment_local, h.appointment_at,
        h.mileage_km, h.make, h.model, h.plate, h.plate_display, early.started_at, h.fetched_at,
        decode(h.digest, 'hex'), CAST(:task_id AS text), CAST(:request_id AS text), :worker_version
    FROM header h
    LEFT JOIN early_work_starts early ON early.dealer_id = :dealer_id AND early.workorder_id = h.id
    WHERE h.action = 'created'
    ORDER BY h.id
    ON CONFLICT DO NOTHING
    RETURNING id
),
taken_over AS (
    DELETE FROM early_work_starts early USING inserted
    WHERE early.dealer_id = :dealer_id AND early.workorder_id = inserted.id
),
updated AS (
    UPDATE workorders w SET
        wo_number = h.wo_number, affiliate_id = h.affiliate_id, appointment_local = h.appointment_local,
        appointment_at = h.appointment_at, mileage_km = h.mileage_km, make = h.make, model = h.model,
        plate = h.plate, plate_display = h.plate_display, fetched_at = h.fetched_at,
        source_digest = decode(h.digest, 'hex'), imported_by_task = CAST(:task_id AS text),
        imported_by_request = CAST(:request_id AS text), imported_by_version = :worker_version,
        updated_at = now(),
        missing_in_dms_since = CASE WHEN w.missing_in_dms_since > h.fetched_at THEN w.missing_in_dms_since END
    FROM header h, dealers d
    WHERE h.action = 'updated' AND w.id = h.id AND d.dealer_id = w.dealer_id AND w.fetched_at <= h.fetched_at
        AND (w.work_started_at IS NULL OR d.keep_importing_after_start)
    RETURNING w.id
),
noted AS (
    UPDATE workorders w SET fetched_at = h.fetched_at, source_digest = decode(h.digest, 'hex'),
        missing_in_dms_since = CASE WHEN w.missing_in_dms_since > h.fetched_at THEN w.missing_in_dms_since END
    FROM header h, dealers d
    WHERE h.action = 'noted' AND w.id = h.id AND d.dealer_id = w.dealer_id AND w.fetched_at <= h.fetched_at
        AND (w.work_started_at IS NULL OR d.keep_importing_after_start)
        AND w.source_digest <> decode(h.digest, 'hex')
    RETURNING w.id
),
present AS (
    UPDATE workorders w SET missing_in_dms_since = CASE WHEN h.action = 'gone' THEN h.fetched_at END
    FROM header h
    WHERE h.action <> 'created' AND w.id = h.id AND w.fetched_at <= h.fetched_at
        AND CASE WHEN h.action = 'gone' THEN w.missing_in_dms_since IS NULL
            ELSE w.missing_in_dms_since < h.fetched_at END
        AND w.id NOT IN (SELECT id FROM updated UNION ALL SELECT id FROM noted)
),
written AS MATERIALIZED (SELECT id FROM inserted UNION ALL SELECT id FROM updated),
intervention AS MATERIALIZED (
    SELECT i.* FROM page, jsonb_to_recordset(page.body -> 'interventions') AS i (
        workorder_id uuid, job_number bigint, position integer, title text, labor_price numeric,
        parts_price numeric, total_price numeric)
    JOIN written ON written.id = i.workorder_id
),
put_interventions AS (
    INSERT INTO interventions AS stored (
        workorder_id, job_number, position, title, labor_price, parts_price, total_price)
    SELECT workorder_id, job_number, position, title, labor_price, parts_price, total_price FROM intervention
    ON CONFLICT (workorder_id, job_number) DO UPDATE SET
        position = excluded.position, title = excluded.title, labor_price = excluded.labor_price,
        parts_price = excluded.parts_price, total_price = excluded.total_price, removed_at = NULL
    WHERE (stored.position, stored.title, stored.labor_price, stored.parts_price, stored.total_price,
            stored.removed_at)
        IS DISTINCT FROM (excluded.position, excluded.title, excluded.labor_price, excluded.parts_price,
            excluded.total_price, NULL)
),
removed_interventions AS (
    UPDATE interventions stored SET removed_at = now()
    FROM updated
    WHERE stored.workorder_id = updated.id AND stored.removed_at IS NULL
        AND (stored.workorder_id, stored.job_number) NOT IN (
            SELECT workorder_id, job_number FROM intervention)
),
part AS MATERIALIZED (
    SELECT p.* FROM page, jsonb_to_recordset(page.body -> 'parts') AS p (
        workorder_id uuid, job_number bigint, line_id bigint, position integer, reference_code text,
        quantity numeric, price numeric)
    JOIN written ON written.id = p.workorder_id
),
put_parts AS (
    INSERT INTO parts AS stored (
        workorder_id, job_number, line_id, position, reference_code, quantity, price)
    SELECT workorder_id, job_number, line_id, position, reference_code, quantity, price FROM part
    ON CONFLICT (workorder_id, line_id) DO UPDATE SET
        job_number = excluded.job_number, position = excluded.position,
        reference_code = excluded.reference_code, quantity = excluded.quantity, price = excluded.price,
        removed_at = NULL
    WHERE (stored.job_number, stored.position, stored.reference_code, stored.quantity, stored.price,
            stored.removed_at)
        IS DISTINCT FROM (excluded.job_number, excluded.position, excluded.reference_code,
            excluded.quantity, excluded.price, NULL)
),
removed_parts AS (
    UPDATE parts stored SET removed_at = now()
    FROM updated
    WHERE stored.workorder_id = updated.id AND stored.removed_at IS NULL
        AND (stored.workorder_id, stored.line_id) NOT IN (SELECT workorder_id, line_id FROM part)
),
contact AS MATERIALIZED (
    SELECT c.* FROM page, jsonb_to_recordset(page.body -> 'contacts') AS c (
        workorder_id uuid, role text, last_name text, phone text, phone_as_written text, email text)
    JOIN written ON written.id = c.workorder_id
),
put_contacts AS (
    INSERT INTO contacts AS stored (workorder_id, role, last_name, phone, phone_as_written, email)
    SELECT workorder_id, role, last_name, phone, phone_as_written, email FROM contact
    ON CONFLICT (workorder_id, role) DO UPDATE SET
        last_name = excluded.last_name, phone = excluded.phone, phone_as_written = excluded.phone_as_written,
        email = excluded.email, removed_at = NULL
    WHERE (stored.last_name, stored.phone, stored.phone_as_written, stored.email, stored.removed_at)
        IS DISTINCT FROM (excluded.last_name, excluded.phone, excluded.phone_as_written, excluded.email, NULL)
),
removed_contacts AS (
    UPDATE contacts stored SET removed_at = now()
    FROM updated
    WHERE stored.workorder_id = updated.id AND stored.removed_at IS NULL
        AND (stored.workorder_id, stored.role) NOT IN (SELECT workorder_id, role FROM contact)
),
changes AS (
    INSERT INTO workorder_changes (workorder_id, fetched_at, path, old, new)
    SELECT c.workorder_id, c.fetched_at, c.path, c.old, c.new
    FROM page, jsonb_to_recordset(page.body -> 'changes') AS c (
        workorder_id uuid, fetched_at timestamptz, path text, old text, new text)
    JOIN updated ON updated.id = c.workorder_id
),
attempts AS (
    INSERT INTO import_attempts (
        dealer_id, workorder_id, dms_number, wo_number, trigger, request_id, task_id, outcome, reason,
        warnings, fetched_at, started_at, duration_ms, requests)
    SELECT :dealer_id, a.workorder_id, a.dms_number, a.wo_number, :trigger, CAST(:request_id AS text),
        CAST(:task_id AS text), a.outcome, a.reason, a.warnings, a.fetched_at, :started_at,
        round(extract(epoch FROM clock_timestamp() - :started_at) * 1000), :requests
    FROM page, jsonb_to_recordset(page.body -> 'attempts') AS a (
        workorder_id uuid, dms_number bigint, wo_number text, outcome text, reason text, warnings text[],
        fetched_at timestamptz)
)"""
WRITE += f"{OF_A_PAGE}SELECT count(*) FROM written"  # noqa: S608  constants
