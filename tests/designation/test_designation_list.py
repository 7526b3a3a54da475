"""The list of designations: whose there are, how they stand today, in which order, and as a file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.exports import orders
from audit.models import AccessRecord, ExportFile
from designation import workflow
from designation.agent_selectors import DESIGNATION_SORTS
from designation.lists.designations import DESIGNATIONS
from designation.models import Designation, Office, Role
from designation.views import designations as designation_views
from tests import factories
from tests.designation.list_files import made, table_of
from tests.factories import People

pytestmark = pytest.mark.django_db

LIST = reverse("designation:designation_list")
EXPORT = reverse("designation:list_export", args=["designations"])
ALL = ",".join(column.name for column in DESIGNATIONS.catalogue.columns)


def granted(people: People, *days_left: int) -> list[Designation]:
    """Designations of the coordinator's office for a year each, which end in so many days."""
    today = timezone.localdate()
    rows = [request.designation for request in factories.requests(people, "approved", count=len(days_left))]
    for row, days in zip(rows, days_left, strict=True):
        row.valid_from, row.valid_until = today + timedelta(days=days - 365), today + timedelta(days=days)
        Designation.objects.filter(pk=row.pk).update(valid_from=row.valid_from, valid_until=row.valid_until)
    return rows


def change(people: People, name: str, row: Designation) -> None:
    actor = people.coordinator if name == "relinquish" else people.dea_hq
    assert workflow.change_designations(name, [row.pk], actor=actor, reason="Inquiry.").done


def items(client, query: str = "") -> list[dict[str, Any]]:
    return client.get(f"{LIST}?{query}").context["items"]


def numbers(client, query: str = "") -> list[str]:
    return [item["row"].number for item in items(client, query)]


def numbers_of(*rows: Designation) -> list[str]:
    return [row.number for row in rows]


@pytest.fixture
def rows(people: People) -> dict[str, Designation]:
    """One of each standing, of which `over` has ended and nobody has recorded it yet."""
    names = ("soon", "later", "suspended", "relinquished", "revoked", "expired", "over")
    found = dict(zip(names, granted(people, 20, 80, 200, 250, 260, -2, 10), strict=True))
    change(people, "suspend", found["suspended"])
    change(people, "relinquish", found["relinquished"])
    change(people, "revoke", found["revoked"])
    workflow.expire_designations()
    Designation.objects.filter(pk=found["over"].pk).update(valid_until=timezone.localdate() - timedelta(days=1))
    return found


class TestWhoSees:
    @pytest.mark.parametrize("who", ["coordinator", "hsi_hq", "dea_field", "dea_hq", "auditor"])
    def test_readers_see_what_they_may(self, people: People, client, who):
        [row] = granted(people, 20)
        client.force_login(getattr(people, who))
        assert numbers(client) == [row.number]

    @pytest.mark.parametrize("who", ["other_coordinator", "other_dea_field"])
    def test_those_of_other_offices_and_divisions_are_not_listed(self, people: People, client, who):
        granted(people, 20)
        client.force_login(getattr(people, who))
        page = client.get(LIST)
        assert not page.context["items"]
        assert "No designations yet" in page.text

    def test_a_supervisor_looks_agents_up_on_record_and_lists_none(self, people: People, client):
        client.force_login(people.supervisor)
        assert client.get(LIST).status_code == 403
        assert client.get(EXPORT).status_code == 403

    def test_the_header_leads_to_it(self, people: People, client):
        client.force_login(people.coordinator)
        assert f'href="{LIST}"' in client.get("/").text


class TestStanding:
    def test_a_term_that_is_over_reads_as_expired_before_anybody_has_recorded_it(self, people: People, client, rows):
        client.force_login(people.coordinator)
        shown = {item["row"].number: item for item in items(client)}
        over = shown[rows["over"].number]
        assert Designation.objects.get(pk=rows["over"].pk).state == "active"
        assert (over["state"], over["days_left"]) == ("expired", None)

    @pytest.mark.parametrize(
        ("state", "wanted"),
        [
            ("live", ["suspended", "later", "soon"]),
            ("active", ["later", "soon"]),
            ("suspended", ["suspended"]),
            ("expired", ["over", "expired"]),
            ("relinquished", ["relinquished"]),
            ("revoked", ["revoked"]),
        ],
    )
    def test_the_filter_asks_how_they_stand_today(self, people: People, client, rows, state, wanted):
        client.force_login(people.coordinator)
        assert numbers(client, f"state={state}") == numbers_of(*(rows[name] for name in wanted))

    @pytest.mark.parametrize(("days", "wanted"), [(30, ["soon"]), (60, ["soon"]), (90, ["soon", "later"]), (45, None)])
    def test_what_ends_soon_is_live(self, people: People, client, rows, days, wanted):
        client.force_login(people.coordinator)
        page = client.get(f"{LIST}?ends={days}&sort=until")
        if wanted is None:
            assert "“45” is none of these. It filters nothing." in page.text
        else:
            assert numbers(client, f"ends={days}&sort=until") == numbers_of(*(rows[name] for name in wanted))

    @pytest.mark.parametrize(("days", "shown"), [(0, "Last day"), (1, ">1<"), (30, ">30<")])
    def test_the_last_day_still_counts(self, people: People, client, days, shown):
        granted(people, days)
        client.force_login(people.coordinator)
        assert shown in client.get(f"{LIST}?state=live&ends=30").text

    def test_filters_that_nothing_fits_say_so(self, people: People, client, rows):
        client.force_login(people.coordinator)
        assert "No designation fits these filters" in client.get(f"{LIST}?state=expired&ends=30").text


class TestFinding:
    def test_by_number_badge_and_name(self, people: People, client):
        row, _other = granted(people, 20, 30)
        client.force_login(people.coordinator)
        for text in (row.number, row.number.lower(), str(row.request_id), row.agent.badge_number, row.agent.last_name):
            assert numbers(client, f"text={text}") == [row.number], text

    def test_by_office_for_those_who_see_several(self, people: People, client):
        [row] = granted(people, 20)
        [other] = granted(people, 30)
        Designation.objects.filter(pk=other.pk).update(office=Office.objects.get(code="HSI-DEN"))
        client.force_login(people.hsi_hq)
        assert numbers(client, "office=HSI-MIA") == [row.number]
        assert "HSI-DEN" in client.get(LIST).text
        client.force_login(people.coordinator)
        assert 'name="office"' not in client.get(LIST).text


class TestOrderAndPages:
    @pytest.fixture(autouse=True)
    def two_a_page(self, monkeypatch):
        monkeypatch.setattr(designation_views, "PER_PAGE", 2)

    def pages(self, client, query: str) -> list[list[str]]:
        pages, position = [], ""
        while True:
            page = client.get(f"{LIST}?{query}{position}")
            pages.append([item["row"].number for item in page.context["items"]])
            if not page.context["page"].next:
                return pages
            position = f"&after={page.context['page'].next}"

    @pytest.mark.parametrize("sort", DESIGNATION_SORTS)
    @pytest.mark.parametrize("query", ["", "state=live", "state=expired", "ends=90"])
    def test_every_row_is_on_one_page_in_its_order(self, people: People, client, rows, sort, query):
        client.force_login(people.hsi_hq)
        pages = self.pages(client, f"{query}&sort={sort}")
        found = Designation.objects.filter(number__in=[number for page in pages for number in page])
        order = [f"valid_{sort.removeprefix('-')}", "pk"]
        expected = found.order_by(*(f"-{name}" if sort.startswith("-") else name for name in order))
        assert [number for page in pages for number in page] == numbers_of(*expected)
        assert {len(page) for page in pages[:-1]} <= {2}

    def test_the_newest_come_first_and_an_unknown_order_is_that(self, people: People, client):
        second, first = granted(people, 20, 10)
        client.force_login(people.coordinator)
        assert numbers(client) == numbers(client, "sort=mood") == numbers_of(second, first)

    def test_rows_that_end_on_one_day_are_neither_repeated_nor_left_out(self, people: People, client):
        rows = granted(people, 9, 9, 9, 9, 9)
        client.force_login(people.coordinator)
        assert self.pages(client, "sort=until") == [numbers_of(*rows[at : at + 2]) for at in (0, 2, 4)]

    def test_any_page_costs_the_same_queries_and_asks_for_no_offset(self, people: People, client, rows):
        client.force_login(people.hsi_hq)
        client.get(LIST)
        address = f"{LIST}?state=live&columns={ALL}"
        deep = f"{address}&after={client.get(address).context['page'].next}"
        costs = []
        for url in (address, deep):
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            costs.append(len(queries))
            assert not [query for query in queries if "OFFSET" in query["sql"]]
        assert costs[0] == costs[1]


def test_the_list_costs_the_same_queries_for_1_and_for_20(people: People, client, django_assert_num_queries):
    client.force_login(people.hsi_hq)
    for count in (1, 19):
        granted(people, *[30] * count)
        with django_assert_num_queries(8):
            client.get(LIST, {"columns": ALL})


class TestRenewals:
    def test_one_is_filed_from_the_row_by_who_keeps_the_agent(self, people: People, client):
        [row] = granted(people, 20)
        link = f'href="{reverse("designation:request_details")}?agent={row.agent_id}"'
        for user, may in ((people.coordinator, True), (people.hsi_hq, True), (people.auditor, False)):
            client.force_login(user)
            assert (link in client.get(f"{LIST}?ends=30").text) is may

    def test_one_that_is_under_way_stands_in_its_place(self, people: People, client):
        [row] = granted(people, 20)
        entry = factories.new_request(row.agent, kind="renewal")
        [renewal] = workflow.file_requests([entry], actor=people.coordinator, office=row.office).done
        client.force_login(people.coordinator)
        page = client.get(f"{LIST}?ends=30").text
        assert reverse("designation:request_detail", args=[renewal.number]) in page
        assert "File a renewal" not in page

    def test_none_is_filed_for_one_that_runs_on_or_is_over_or_an_agent_who_is_not_active(
        self, people: People, client, rows
    ):
        rows["soon"].agent.is_active = False
        rows["soon"].agent.save(update_fields=["is_active"])
        client.force_login(people.coordinator)
        may = {item["row"].number for item in items(client) if item["may_renew"]}
        assert may == set(numbers_of(rows["later"]))


def test_the_request_is_linked_for_those_who_may_see_it(people: People, client):
    [row] = granted(people, 20)
    Designation.objects.filter(pk=row.pk).update(office=Office.objects.get(code="HSI-DEN"))
    link = f'href="{reverse("designation:request_detail", args=[row.request.number])}"'
    for user, linked in ((people.auditor, True), (people.other_coordinator, False)):
        client.force_login(user)
        page = client.get(LIST, {"columns": "number,request"}).text
        assert row.request.number in page
        assert (link in page) is linked


def test_the_number_leads_to_the_agent_unless_he_has_moved_to_another_office(people: People, client):
    here, moved = granted(people, 20, 30)
    moved.agent.office = Office.objects.get(code="HSI-DEN")
    moved.agent.save(update_fields=["office"])
    client.force_login(people.coordinator)
    page = client.get(LIST).text
    assert moved.number in page
    assert f'href="{reverse("designation:agent_detail", args=[here.agent_id])}"' in page
    assert reverse("designation:agent_detail", args=[moved.agent_id]) not in page
    assert f"?agent={moved.agent_id}" not in page


def test_a_view_of_what_ends_soon_is_kept_and_opens_first(people: People, client):
    client.force_login(people.coordinator)
    keep = reverse("designation:view_keep", args=["designations"])
    client.post(f"{keep}?ends=90&sort=until&columns=number,agent,until", {"name": "To renew", "opens_first": "on"})
    opened = client.get(LIST, follow=True)
    assert opened.context["view"].name == "To renew"
    assert opened.context["sort"] == "until"
    mine = client.get(reverse("designation:view_list")).text
    assert "Designations. The list opens with it." in mine
    assert "90 days" in mine


class TestExport:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture(autouse=True)
    def folder(self, settings, tmp_path) -> Path:
        settings.EXPORT_FOLDER = tmp_path
        return tmp_path

    @pytest.mark.parametrize("query", [f"sort={sort}" for sort in DESIGNATION_SORTS] + ["state=expired", "ends=90"])
    def test_the_file_has_the_rows_of_the_page_in_its_order(self, people: People, client, rows, query):
        client.force_login(people.hsi_hq)
        assert [row["Number"] for row in table_of(made(client, f"{EXPORT}?{query}"))] == numbers(client, query)

    def test_its_cells_say_what_the_page_says(self, people: People, client, rows):
        client.force_login(people.coordinator)
        table = {row["Number"]: row for row in table_of(made(client, f"{EXPORT}?columns={ALL}"))}
        soon, over = table[rows["soon"].number], table[rows["over"].number]
        assert list(soon) == [column.label for column in DESIGNATIONS.catalogue.columns]
        assert soon == {
            "Number": rows["soon"].number,
            "Agent": f"{rows['soon'].agent.last_name}, {rows['soon'].agent.first_name}",
            "Badge number": rows["soon"].agent.badge_number,
            "Office": "HSI-MIA",
            "Agreement": "ICA-2009",
            "State": "Active",
            "Valid from": rows["soon"].valid_from.isoformat(),
            "Valid until": rows["soon"].valid_until.isoformat(),
            "Days left": "20",
            "Granted on request": rows["soon"].request.number,
            "Open request": "",
        }
        assert (over["State"], over["Days left"]) == ("Expired", "")

    def test_a_workbook_has_dates(self, people: People, client):
        [row] = granted(people, 20)
        client.force_login(people.auditor)
        book = openpyxl.load_workbook(orders.path_of(made(client, f"{EXPORT}?columns=number,until,left", "xlsx")))
        number, until, left = (cell.value for cell in book.worksheets[0][2])
        assert (number, until.date(), left) == (row.number, row.valid_until, 20)

    def test_it_is_on_record_with_what_was_asked(self, people: People, client, rows):
        client.force_login(people.auditor)
        file = made(client, f"{EXPORT}?state=live&columns=number,agent&sort=until")
        assert (file.what, file.workflow) == ("list of designations", "designation")
        in_words = {"State": "Live: active or suspended", "Sorted by": "Valid until", "Columns": "Number, Agent"}
        asked = {"asked": {"state": "live"}, "sort": "until", "columns": ["number", "agent"]}
        assert file.manifest["filters"] == {**asked, "in_words": in_words}
        ordered = AccessRecord.objects.get(act="order export")
        assert ordered.actor == people.auditor
        assert ordered.parameters["what"] == "list of designations"
        assert AccessRecord.objects.filter(act="export list of designations: end", row_count=3).exists()

    def test_nobody_exports_what_he_may_not_see(self, people: People, client, rows):
        client.force_login(people.other_coordinator)
        assert table_of(made(client, EXPORT)) == []

    def test_what_a_spreadsheet_would_run_is_made_harmless(self, people: People, client):
        [row] = granted(people, 20)
        row.agent.last_name = "=cmd()"
        row.agent.save(update_fields=["last_name"])
        client.force_login(people.auditor)
        [shown] = table_of(made(client, EXPORT))
        assert shown["Agent"].startswith("'=cmd()")

    def test_it_is_given_out_only_while_its_owner_sees_the_same(self, people: People, client):
        granted(people, 20)
        user = people.coordinator
        client.force_login(user)
        download = reverse("audit:export_download", args=[made(client, EXPORT).key])
        assert client.get(download).status_code == 200
        user.office = Office.objects.get(code="HSI-DEN")
        user.save()
        assert client.get(download).status_code == 403

    def test_headquarters_that_moves_to_the_other_agency_sees_other_requests_and_gets_no_file_of_before(
        self, people: People, client
    ):
        granted(people, 20)
        user = people.hsi_hq
        client.force_login(user)
        download = reverse("audit:export_download", args=[made(client, EXPORT).key])
        user.office, user.roles = Office.objects.get(code="DEA-HQ"), [Role.DEA_HQ]
        user.save()
        assert client.get(download).status_code == 403

    def test_whose_role_was_taken_meanwhile_gets_none(self, people: People, client):
        user = people.auditor
        client.force_login(user)
        client.post(EXPORT, {"format": "csv"})
        user.roles = [Role.SUPERVISOR]
        user.save()
        file = ExportFile.objects.get()
        orders.make(file.pk)
        file.refresh_from_db()
        assert (file.state, file.problem) == ("failed", "Its owner may not read what it holds any more.")

    def test_a_list_that_the_settings_do_not_export_has_no_such_page(self, people: People, client, settings):
        settings.AUDIT_LISTS = {}
        client.force_login(people.auditor)
        assert client.get(EXPORT).status_code == 404
        assert "Export what is shown" not in client.get(LIST).text


def test_the_home_page_leads_who_renews_to_as_many_as_it_counts(people, client, rows):
    client.force_login(people.coordinator)
    home = client.get(reverse("home"))
    listed = client.get(home.context["ending"]["url"]).context["items"]
    assert str(home.context["ending"]["count"]) == str(len(listed))
    assert [item["row"] for item in listed] == [rows["soon"], rows["later"]]


def test_the_home_page_says_nothing_of_renewals_where_nothing_ends(people, client):
    client.force_login(people.coordinator)
    assert "To renew" not in client.get(reverse("home")).text
