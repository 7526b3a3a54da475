"""Names of people, found however they are written: with accents or without, with either apostrophe, in any case."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import CharField, Func, Index, Lookup, Q
from django.db.models.functions import Collate


class Folded(Func):
    """The name without accents, in small letters, with the apostrophe of keyboards: as it is compared."""

    function = "designation_folded"
    arity = 1
    output_field = CharField()


def named(text: str, *fields: str) -> Q:
    """Selects the rows in which each word of the text begins one of the fields. A comma behind a name is none of it."""
    found = Q()
    for word in text.replace(",", " ").split():
        begins = Q(pk__in=[])
        for field in fields:
            begins |= Q(**{f"{field}__begins": word})
        found &= begins
    return found


def by_beginning(field: str, name: str) -> Index:
    """An index for the lookup `begins`."""
    return Index(Collate(Folded(field), "C"), name=name)


@CharField.register_lookup
class Begins(Lookup):
    """`last_name__begins="pena"` finds Peña: the text has the beginning of the field, both of them folded."""

    lookup_name = "begins"

    def get_prep_lookup(self) -> str:
        return connection.ops.prep_for_like_query(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        sql = f"""designation_folded({lhs}) COLLATE "C" LIKE designation_folded({rhs}) || '%%'"""
        return sql, (*lhs_params, *rhs_params)
