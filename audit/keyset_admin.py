"""Admin lists of tables that grow without end: pages by keys, counts that stop, and only orders that an index holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from audit import keyset
from audit.role_admin import RoleAdmin

NEWEST_FIRST = "-pk"


class KeysetChangeList(ChangeList):
    """A list of `KeysetAdmin`: `page` and `count` beside what Django's templates read."""

    model_admin: KeysetAdmin

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Without the position, which is no filter, and which no link to another order or filter keeps."""
        for name in keyset.PARAMETERS:
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Empty, since no rows are sorted. `order` keeps the first column asked for that the list can be sorted by."""
        asked = super().get_ordering(request, queryset) if self.params.get(ORDER_VAR) else []
        known = [str(name) for name in asked if str(name).lstrip("-") in self.model_admin.sorts]
        self.order = known[0] if known else self.model_admin.first_order(request)
        return []

    def get_results(self, request: HttpRequest) -> None:
        address = request.GET.dict()
        parts = self.model_admin.parts(request, self.queryset, self.order)
        self.page = keyset.page_of(parts, address, self.list_per_page)
        self.count = keyset.count_beside(self.page, self.queryset, address)
        self.result_list = self.page.rows(self.queryset, key=self.model_admin.listed_by)
        self.result_count = self.count.number
        self.multi_page = self.page.has_other_pages
        self.show_full_result_count = self.can_show_all = False
        self.full_result_count = None
        self.show_admin_actions = True

    @property
    def first_url(self) -> str:
        return self.get_query_string()

    @property
    def previous_url(self) -> str:
        return self.get_query_string({keyset.BEFORE: self.page.previous}) if self.page.previous else ""

    @property
    def next_url(self) -> str:
        return self.get_query_string({keyset.AFTER: self.page.next}) if self.page.next else ""

    @property
    def count_url(self) -> str:
        """Where the rows are counted to the last, if they were not."""
        return self.get_query_string({keyset.COUNT: keyset.ALL}) if self.count.more else ""


class KeysetAdmin(RoleAdmin):
    """A list in pages by keys. `sorts` says by which orders, each with the columns of an index that holds it.

    The columns of an order are as in `audit.keyset.Part`, ascending. `listed_by` is the field that holds the keys of a
    page. No date hierarchy, which asks the whole table.
    """

    change_list_template = "admin/keyset_list.html"
    date_hierarchy = None
    listed_by: ClassVar[str] = "pk"
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"pk": ("pk",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetChangeList

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        return [name for name in self.get_list_display(request) if isinstance(name, str) and self._order(name)]

    def _order(self, name: str) -> bool:
        column = getattr(getattr(self, name, None), "admin_order_field", None) or name
        return str(column).lstrip("-") in self.sorts

    def first_order(self, request: HttpRequest) -> str:
        """The order of a list for which none is asked, as a key of `sorts`, with "-" before it for the reverse."""
        return NEWEST_FIRST

    def parts(self, request: HttpRequest, found: QuerySet[Any], order: str) -> Sequence[keyset.Part]:
        """What the list of the rows found consists of in this order."""
        columns = self.sorts[order.lstrip("-")]
        sign = "-" if order.startswith("-") else ""
        return [keyset.Part(found, tuple(f"{sign}{column}" for column in columns))]
