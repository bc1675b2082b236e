"""The first schema: dealers, workorders with what belongs to them, attempts and changes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_dealers()
    _create_workorders()
    _create_interventions()
    _create_parts()
    _create_contacts()
    _create_early_work_starts()
    _create_import_attempts()
    _create_workorder_changes()


def _create_dealers() -> None:
    op.create_table(
        "dealers",
        sa.Column("dealer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("token_url", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret_encrypted", sa.Text(), nullable=False),
        sa.Column("affiliates", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="Europe/Amsterdam", nullable=False),
        sa.Column("phone_region", sa.Text(), server_default="NL", nullable=False),
        sa.Column(
            "keep_importing_after_start", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("import_new_in_bulk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("prices_include_vat", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("dealer_id", name=op.f("pk_dealers")),
    )


def _create_workorders() -> None:
    op.create_table(
        "workorders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dealer_id", sa.BigInteger(), nullable=False),
        sa.Column("dms_number", sa.BigInteger(), nullable=False),
        sa.Column("wo_number", sa.Text(), nullable=False),
        sa.Column("affiliate_id", sa.BigInteger(), nullable=False),
        sa.Column("appointment_local", sa.DateTime(), nullable=False),
        sa.Column("appointment_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mileage_km", sa.Integer(), nullable=True),
        sa.Column("make", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("plate", sa.Text(), nullable=True),
        sa.Column("plate_display", sa.Text(), nullable=True),
        sa.Column("work_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_digest", sa.LargeBinary(), nullable=False),
        sa.Column("imported_by_task", sa.Text(), nullable=True),
        sa.Column("imported_by_request", sa.Text(), nullable=True),
        sa.Column("imported_by_version", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(plate IS NULL) = (plate_display IS NULL)", name=op.f("ck_workorders_plate_both_or_none")
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealers.dealer_id"], name=op.f("fk_workorders_dealer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workorders")),
        sa.UniqueConstraint("dealer_id", "dms_number", name=op.f("uq_workorders_dealer_id_dms_number")),
    )
    op.create_index(op.f("ix_workorders_dealer_id_plate"), "workorders", ["dealer_id", "plate"], unique=False)
    op.create_index(
        op.f("ix_workorders_dealer_id_wo_number"), "workorders", ["dealer_id", "wo_number"], unique=False
    )


def _create_interventions() -> None:
    op.create_table(
        "interventions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workorder_id", sa.Uuid(), nullable=False),
        sa.Column("job_number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("labor_price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("parts_price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total_price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workorder_id"], ["workorders.id"], name=op.f("fk_interventions_workorder_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interventions")),
        sa.UniqueConstraint(
            "workorder_id", "job_number", name=op.f("uq_interventions_workorder_id_job_number")
        ),
    )


def _create_parts() -> None:
    op.create_table(
        "parts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workorder_id", sa.Uuid(), nullable=False),
        sa.Column("job_number", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reference_code", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=True),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workorder_id", "job_number"],
            ["interventions.workorder_id", "interventions.job_number"],
            name=op.f("fk_parts_workorder_id_job_number"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parts")),
        sa.UniqueConstraint("workorder_id", "line_id", name=op.f("uq_parts_workorder_id_line_id")),
    )


def _create_contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workorder_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("phone_as_written", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('driver', 'owner', 'contractor')", name=op.f("ck_contacts_role_known")),
        sa.ForeignKeyConstraint(["workorder_id"], ["workorders.id"], name=op.f("fk_contacts_workorder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("workorder_id", "role", name=op.f("uq_contacts_workorder_id_role")),
    )


def _create_early_work_starts() -> None:
    op.create_table(
        "early_work_starts",
        sa.Column("dealer_id", sa.BigInteger(), nullable=False),
        sa.Column("workorder_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealers.dealer_id"], name=op.f("fk_early_work_starts_dealer_id")
        ),
        sa.PrimaryKeyConstraint("dealer_id", "workorder_id", name=op.f("pk_early_work_starts")),
    )


def _create_import_attempts() -> None:
    op.create_table(
        "import_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dealer_id", sa.BigInteger(), nullable=False),
        sa.Column("workorder_id", sa.Uuid(), nullable=True),
        sa.Column("dms_number", sa.BigInteger(), nullable=True),
        sa.Column("wo_number", sa.Text(), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("warnings", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "coalesce(outcome IN ('rejected', 'not_found'), false) = (reason IS NOT NULL)",
            name=op.f("ck_import_attempts_refusal_has_reason"),
        ),
        sa.CheckConstraint(
            "fetched_at IS NOT NULL OR coalesce(outcome IN ('rejected', 'not_found'), true)",
            name=op.f("ck_import_attempts_accepted_has_fetched_at"),
        ),
        sa.CheckConstraint(
            "outcome IN ('created', 'updated', 'unchanged', 'held', 'rejected', 'not_found')",
            name=op.f("ck_import_attempts_outcome_known"),
        ),
        sa.CheckConstraint("trigger IN ('search', 'refresh')", name=op.f("ck_import_attempts_trigger_known")),
        sa.CheckConstraint(
            "(outcome IS NULL) <> (error_code IS NULL)", name=op.f("ck_import_attempts_outcome_or_error")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_attempts")),
    )
    op.create_index(
        op.f("ix_import_attempts_dealer_id_started_at"),
        "import_attempts",
        ["dealer_id", "started_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_import_attempts_workorder_id_fetched_at"),
        "import_attempts",
        ["workorder_id", sa.literal_column("fetched_at DESC")],
        unique=False,
    )


def _create_workorder_changes() -> None:
    op.create_table(
        "workorder_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workorder_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workorder_id"], ["workorders.id"], name=op.f("fk_workorder_changes_workorder_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workorder_changes")),
    )
    op.create_index(
        op.f("ix_workorder_changes_workorder_id_changed_at"),
        "workorder_changes",
        ["workorder_id", "changed_at"],
        unique=False,
    )
