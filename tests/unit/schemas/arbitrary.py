"""Strategies for rows that may hold anything."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from schemas import vinacles
from schemas.vinacles import Entity, RawWorkorder
from tests.unit.schemas.invented import CONTACT, HEADER, LABOR, PART

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats()
    | st.decimals()
    | st.sampled_from(
        [Decimal("sNaN"), Decimal("1E+999999"), Decimal("1E-999999"), Decimal("9999999999.995")]
    )
    | st.text(alphabet=st.characters(exclude_categories=[]))
    | st.dates().map(lambda day: f"{day}T02:30:00")
    | st.sampled_from(["1.234,56", "AB-12-CD", "06-12345678", "a@example.com", "Labor", "part", "DRIVER"])
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


def rows_of(entity: Entity, likely: vinacles.Row) -> st.SearchStrategy[Any]:
    """Rows from faultless over spoiled to no rows at all."""
    spoiled = st.dictionaries(st.sampled_from(entity.columns), json_values, max_size=3)
    return (
        spoiled.map(lambda found: {**likely, **found})
        | st.fixed_dictionaries({}, optional=dict.fromkeys(entity.columns, json_values))
        | json_values
    )


raws = st.builds(
    RawWorkorder,
    rows_of(vinacles.WORKORDER, HEADER),
    st.lists(rows_of(vinacles.LINE, LABOR) | rows_of(vinacles.LINE, PART), max_size=4).map(tuple),
    st.lists(rows_of(vinacles.CONTACT, CONTACT), max_size=3).map(tuple),
)
