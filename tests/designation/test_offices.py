"""Codes and names of offices, one headquarters for each agency, and offices that are retired."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from designation import references, workflow
from designation.forms import OfficeField, RequestFilterForm
from designation.models import Office, User
from designation.selectors import offices_seen_by
from tests import factories


def new_office(**values):
    facts = {"code": "HSI-ABC", "name": "SAC Abilene", "city": "Abilene", "state": "TX", "agency_id": "HSI"}
    division = Office.objects.get(code="DEA-DAL")
    return Office(**{**facts, "division": division, **values})


@pytest.mark.parametrize(
    "values",
    [
        {"code": "hsi-abc"},
        {"code": "HSI-A"},
        {"code": "HSI-ABCDE"},
        {"code": "HSIABC"},
        {"code": "=HSI-ABC"},
        {"code": "HSI-ABC\n"},
        {"code": "DEA-ABC"},
        {"name": "=SUM(A1:A9)"},
        {"name": "@office"},
        {"city": "-Abilene"},
        {"state": "tx"},
    ],
)
def test_what_is_no_office_is_refused(db, values):
    with pytest.raises(ValidationError):
        new_office(**values).full_clean()


@pytest.mark.parametrize("code", ["HSI-AB", "HSI-ABCD", "HSI-A12"])
def test_codes_are_two_to_four_letters_or_digits(db, code):
    new_office(code=code).full_clean()


def test_the_database_keeps_codes_and_headquarters(db):
    for values in ({"code": "XYZ-ABC"}, {"code": "DEA-ABC"}, {"is_headquarters": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            new_office(**values).save()


def test_a_headquarters_is_not_retired(db):
    headquarters = Office.objects.get(code="DEA-HQ")
    headquarters.is_active = False
    with pytest.raises(ValidationError):
        headquarters.full_clean()


def test_what_others_depend_on_is_not_retired(people):
    for code, told in (("DEA-MIA", "HSI-MIA"), ("HSI-MIA", people.coordinator.username)):
        office = Office.objects.get(code=code)
        office.is_active = False
        with pytest.raises(ValidationError, match=told):
            office.full_clean()


class TestRetired:
    @pytest.fixture
    def retired(self, other_office):
        Office.objects.filter(pk=other_office.pk).update(is_active=False)
        return Office.objects.get(pk=other_office.pk)

    def test_takes_no_new_request_and_finishes_the_old(self, people):
        draft, under_way = (factories.request(people, state) for state in ("draft", "hsi_review"))
        Office.objects.filter(pk=people.coordinator.office_id).update(is_active=False)
        refused = workflow.transition("submit", [draft.pk], actor=people.coordinator).refused
        assert refused[0].message.startswith("The office is retired.")
        assert workflow.transition("endorse", [under_way.pk], actor=people.hsi_hq).done == [under_way]

    def test_is_offered_to_no_filing_and_no_user(self, people, client, retired):
        assert retired not in OfficeField().queryset
        client.force_login(people.operator)
        form = client.get(reverse("admin:designation_user_add")).context["adminform"].form
        assert retired not in form.fields["office"].queryset

    def test_is_a_filter_only_where_it_has_requests(self, people, retired):
        factories.request(people)
        Office.objects.filter(pk=people.coordinator.office_id).update(is_active=False)
        assert people.coordinator.office in offices_seen_by(people.auditor)
        assert retired not in offices_seen_by(people.auditor)


def test_the_office_filter_offers_what_the_user_can_see(people):
    offered = dict(RequestFilterForm({}, user=people.dea_field).fields["office"].choices)
    assert set(offered) == {"", "HSI-MIA", "HSI-TPA"}
    assert User.objects.get(pk=people.dea_field.pk).office.code == "DEA-MIA"


def test_the_state_filter_offers_dea_nothing_that_was_never_transmitted(people):
    for user, offers in ((people.dea_field, False), (people.dea_hq, False), (people.auditor, True)):
        states = dict(RequestFilterForm({}, user=user).fields["state"].choices)
        assert ("draft" in states, "hsi_review" in states) == (offers, offers)


def test_loading_the_reference_data_again_leaves_an_operators_routing(db):
    office = Office.objects.get(code="HSI-MIA")
    office.division = Office.objects.get(code="DEA-ATL")
    office.save()
    references.load()
    assert Office.objects.get(code="HSI-MIA").division.code == "DEA-ATL"
