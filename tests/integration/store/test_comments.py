"""Statements name the click and the task that they run for."""

from typing import Any

import pytest
import structlog
from sqlalchemy import bindparam, text

from tests.integration.store.conftest import Store
from worker.store.comments import comment_of

_OWN_QUERY = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND 'a%b' LIKE :pattern"


def test_postgres_sees_whose_statement_it_is(store: Store) -> None:
    with structlog.contextvars.bound_contextvars(request_id="click-81f3", task_id="4f1c", dealer_id=12):
        [(seen,)] = store.rows(_OWN_QUERY, pattern="a%")
    assert seen.endswith("LIKE 'a%' /* request_id=click-81f3 task_id=4f1c */")
    [(seen,)] = store.rows(_OWN_QUERY, pattern="a%")
    assert seen.endswith("LIKE 'a%'")


def test_many_rows_at_once_too(store: Store) -> None:
    statement = text("SELECT set_config('twodrive.n', :n, false)").bindparams(bindparam("n"))
    with (
        structlog.contextvars.bound_contextvars(request_id="click-81f3"),
        store.database.transaction() as sql,
    ):
        sql.execute(statement, [{"n": "1"}, {"n": "2"}])
        assert sql.execute(text("SELECT current_setting('twodrive.n')")).scalar_one() == "2"


@pytest.mark.parametrize(
    ("context", "comment"),
    [
        ({}, ""),
        ({"dealer_id": 12}, ""),
        ({"request_id": "a.b_c-9"}, " /* request_id=a.b_c-9 */"),
        ({"request_id": "*/ DROP TABLE dealers; --", "task_id": "7"}, " /* task_id=7 */"),
        ({"request_id": "50%s"}, ""),
        ({"request_id": "x" * 65}, ""),
        ({"request_id": "x\n"}, ""),
        ({"request_id": 7, "task_id": None}, ""),
    ],
)
def test_what_could_end_the_comment_is_left_out(context: dict[str, Any], comment: str) -> None:
    assert comment_of(context) == comment
