"""SQL that is put together from parts: each part with the values of the parameters that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet


@dataclass(frozen=True)
class SQL:
    """A statement, or a part of one, and the values of its named parameters."""

    text: str
    parameters: dict[str, Any]


def sql_of(rows: QuerySet[Any], *, named: str) -> SQL:
    """The queryset’s own SQL, to stand inside a statement; its parameters are called `named`_0, `named`_1 and so on."""
    # Also for a user who sees nothing, where Django would rather not ask the database at all.
    text, values = rows.query.get_compiler(connection=connection, elide_empty=False).as_sql()
    names = [f"{named}_{place}" for place in range(len(values))]
    # A percent sign of the text's own is written twice, here and in what comes of it.
    text = text.replace("%%", "%%%%") % tuple(f"%({name})s" for name in names)
    return SQL(text, dict(zip(names, values, strict=True)))


def rows_of(asked: SQL) -> list[tuple[Any, ...]]:
    """What the statement gives."""
    with connection.cursor() as cursor:
        cursor.execute(asked.text, asked.parameters)
        return cursor.fetchall()
