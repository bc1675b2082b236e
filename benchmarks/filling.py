"""Filling the tables with workorders of 1,000 other dealers, as many as a country has."""

from benchmarks.bulk.databases import execute

DEALERS = 1_000
# Foreign keys hold by construction; checking them would take longer than all that is measured.
_FILL = """
SET session_replication_role = replica;
INSERT INTO dealers (dealer_id, name, base_url, token_url, audience, client_id, client_secret_encrypted)
SELECT 1000 + n, 'Garage ' || n, '', '', '', '', '' FROM generate_series(1, {dealers}) n
ON CONFLICT DO NOTHING;
CREATE TEMP TABLE fresh ON COMMIT DROP AS
SELECT gen_random_uuid() AS id, n FROM generate_series({first}, {last}) n;
INSERT INTO workorders (id, dealer_id, dms_number, wo_number, affiliate_id, appointment_local, appointment_at,
    mileage_km, make, model, plate, plate_display, fetched_at, source_digest, imported_by_version)
SELECT id, 1001 + n % {dealers}, 1000000 + n, 'WO-' || n, 1,
    timestamp '2026-01-01' + n % 300 * interval '1 day',
    timestamptz '2026-01-01' + n % 300 * interval '1 day', n % 300000, 'Volkswagen', 'Golf',
    'K' || n, 'K-' || n, now(), decode(md5(n::text), 'hex'), 'filled'
FROM fresh;
INSERT INTO interventions (workorder_id, job_number, position, title, labor_price, parts_price, total_price)
SELECT id, job, job, 'Grote onderhoudsbeurt', 90, 30, 120 FROM fresh, generate_series(1, 3) job;
INSERT INTO parts (workorder_id, job_number, line_id, position, reference_code, quantity, price)
SELECT id, 1 + line % 3, line, line, 'OF-' || n || '-' || line, 1, 15 FROM fresh, generate_series(1, 5) line;
INSERT INTO contacts (workorder_id, role, last_name, phone, email)
SELECT id, role, 'de Vries', '+31612345678', 'klant@example.com'
FROM fresh, unnest(ARRAY['driver', 'owner', 'contractor']) role;
"""
_STEP = 100_000


def fill(url: str, stored: int, wanted: int) -> None:
    """From `stored` to `wanted` workorders, and statistics as autovacuum would have made them."""
    for first in range(stored + 1, wanted + 1, _STEP):
        last = min(wanted, first + _STEP - 1)
        execute(url, _FILL.format(dealers=DEALERS, first=first, last=last))
    execute(url, "ANALYZE")
