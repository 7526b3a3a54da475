"""Who enters the admin, who keeps users and offices, and what nobody may do to himself."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from designation.models import Office, Role, User
from tests import factories

USERS = reverse("admin:designation_user_changelist")
ADD_USER = reverse("admin:designation_user_add")

# The lists that each role may open in the admin; nothing else.
LISTS = {
    "dea_field": {"agency", "agent", "agreement", "designation", "office", "request"},
    "dea_hq": {"agency", "agent", "agreement", "calendar", "closure", "designation", "goal", "office", "request"},
    "hsi_hq": {"agency", "agreement", "calendar", "closure", "goal", "office"},
    "training_manager": {"agency", "agent", "agreement", "office"},
    "operator": {
        "agency",
        "apiclient",
        "agreement",
        "calendar",
        "closure",
        "goal",
        "logentry",
        "office",
        "scheduledexport",
        "user",
    },
    "auditor": {
        *("agency", "agent", "apiclient", "agreement", "designation", "fieldopinion", "logentry", "notice", "office"),
        *("accessrecord", "calendar", "closure", "goal", "stagevisit", "stepevent"),
        *("request", "rosterupload", "scheduledexport", "user"),
    },
}
OURS = {"audit", "designation", "admin"}


def change(user):
    return reverse("admin:designation_user_change", args=[user.pk])


def account(user, **values):
    """The form of an account, with some values changed."""
    return {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "office": user.office_id,
        "roles": user.roles,
        "is_active": "on",
        **values,
    }


@pytest.fixture
def operator(people, client):
    client.force_login(people.operator)
    return people.operator


class TestWhoEnters:
    @pytest.mark.parametrize("who", ["coordinator", "supervisor"])
    def test_others_are_kept_out(self, people, client, who):
        client.force_login(getattr(people, who))
        assert client.get(reverse("admin:index"), follow=True).status_code == 403

    def test_a_superuser_without_a_role_is_kept_out(self, client, db):
        client.force_login(User.objects.create_superuser("root", password="correct horse"))
        assert client.get(reverse("admin:index"), follow=True).status_code == 403

    def test_being_a_superuser_adds_nothing(self, people, client):
        User.objects.filter(pk=people.auditor.pk).update(is_superuser=True, is_staff=True)
        client.force_login(people.auditor)
        assert client.get(ADD_USER).status_code == 403
        assert client.post(change(people.operator), account(people.operator)).status_code == 403

    def test_an_inactive_reviewer_is_kept_out(self, people, client):
        client.force_login(people.dea_hq)
        User.objects.filter(pk=people.dea_hq.pk).update(is_active=False)
        assert client.get(reverse("admin:designation_request_changelist")).status_code == 302

    def test_who_has_not_signed_in_finds_the_one_sign_in_page(self, client, db):
        response = client.get(reverse("admin:login"))
        assert response.url == f"{reverse('login')}?next={reverse('admin:index')}"

    @pytest.mark.parametrize("who", LISTS)
    def test_each_role_opens_its_lists_and_no_others(self, people, client, who):
        client.force_login(getattr(people, who))
        opened = set()
        for model in admin.site._registry:
            if model._meta.app_label in OURS:
                address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
                response = client.get(address)
                assert response.status_code in {200, 403}
                if response.status_code == 200:
                    opened.add(model._meta.model_name)
        assert opened == LISTS[who]

    @pytest.mark.parametrize("model", admin.site._registry)
    def test_nobody_deletes_anything(self, people, client, rf, model):
        for who in LISTS:
            request = rf.get("/")
            request.user = getattr(people, who)
            if model._meta.app_label in OURS:
                assert not admin.site._registry[model].has_delete_permission(request)

    def test_an_auditor_changes_nothing(self, people, rf):
        request = rf.get("/")
        request.user = people.auditor
        for model, page in admin.site._registry.items():
            if model._meta.app_label in OURS:
                assert not page.has_add_permission(request)
                assert not page.has_change_permission(request)


class TestUsers:
    def test_an_operator_adds_an_account(self, client, operator):
        data = {
            "username": "nreviewer",
            "first_name": "Nora",
            "last_name": "Reyes",
            "email": "nora@example.gov",
            "office": Office.objects.get(code="DEA-MIA").pk,
            "roles": [Role.DEA_FIELD],
            "usable_password": "true",
            "password1": "a long and private phrase",
            "password2": "a long and private phrase",
        }
        client.post(ADD_USER, data)
        added = User.objects.get(username="nreviewer")
        assert added.has_role(Role.DEA_FIELD)
        assert added.check_password("a long and private phrase")
        assert LogEntry.objects.filter(object_id=added.pk, user=operator).exists()

    def test_a_role_needs_an_office_of_its_agency(self, people, client, operator):
        response = client.post(change(people.coordinator), account(people.coordinator, roles=[Role.DEA_HQ]))
        assert "needs a home office of DEA" in response.content.decode()
        assert User.objects.get(pk=people.coordinator.pk).roles == [Role.COORDINATOR]

    def test_a_change_of_roles_is_logged(self, people, client, operator):
        both = [Role.COORDINATOR, Role.SUPERVISOR]
        client.post(change(people.coordinator), account(people.coordinator, roles=both))
        assert User.objects.get(pk=people.coordinator.pk).roles == both
        entry = LogEntry.objects.get(object_id=people.coordinator.pk)
        assert entry.user == operator
        assert entry.get_change_message() == "Roles: HSI coordinator → HSI coordinator, Supervisor."

    def test_an_account_is_closed_not_deleted(self, people, client, operator):
        data = account(people.auditor)
        del data["is_active"]
        client.post(change(people.auditor), data)
        assert not User.objects.get(pk=people.auditor.pk).is_active
        delete = reverse("admin:designation_user_delete", args=[people.auditor.pk])
        assert client.post(delete, {"post": "yes"}).status_code == 403

    def test_nobody_changes_his_own_roles_or_office(self, client, operator):
        office = Office.objects.get(code="DEA-HQ")
        client.post(
            change(operator),
            account(operator, roles=[Role.OPERATOR, Role.AUDITOR], office=office.pk, email="new@example.gov"),
        )
        after = User.objects.get(pk=operator.pk)
        assert after.email == "new@example.gov"
        assert (after.roles, after.office) == ([Role.OPERATOR], operator.office)

    def test_nobody_becomes_a_superuser_by_a_forged_field(self, people, client, operator):
        client.post(
            change(people.auditor), account(people.auditor, is_superuser="on", is_staff="on", user_permissions=[1])
        )
        after = User.objects.get(pk=people.auditor.pk)
        assert (after.is_superuser, after.is_staff) == (False, False)
        assert not after.user_permissions.exists()

    def test_an_operator_sets_a_password(self, people, client, operator):
        phrase = "another private phrase"
        client.post(
            reverse("admin:auth_user_password_change", args=[people.auditor.pk]),
            {"usable_password": "true", "password1": phrase, "password2": phrase, "set-password": "1"},
        )
        assert User.objects.get(pk=people.auditor.pk).check_password(phrase)

    def test_nobody_else_sets_passwords_or_changes_accounts(self, people, client):
        before = User.objects.get(pk=people.operator.pk).password
        for who in ("auditor", "dea_hq", "training_manager"):
            client.force_login(getattr(people, who))
            password = reverse("admin:auth_user_password_change", args=[people.operator.pk])
            assert client.post(password, {"password1": "x", "password2": "x"}).status_code == 403
            assert client.post(change(people.operator), account(people.operator)).status_code == 403
        assert User.objects.get(pk=people.operator.pk).password == before

    def test_an_auditor_reads_an_account(self, people, client):
        client.force_login(people.auditor)
        shown = client.get(change(people.dea_hq)).content.decode()
        assert "DEA headquarters reviewer" in shown


class TestOffices:
    def test_an_operator_routes_an_office_anew_and_it_is_logged(self, client, operator, office):
        division = Office.objects.get(code="DEA-DEN")
        data = {"name": office.name, "city": office.city, "state": office.state, "division": division.pk}
        client.post(reverse("admin:designation_office_change", args=[office.pk]), data)
        office.refresh_from_db()
        assert office.division == division
        assert "DEA division" in LogEntry.objects.get(object_id=office.pk).get_change_message()

    def test_the_code_of_an_office_stays(self, client, operator, office):
        data = {"name": office.name, "city": office.city, "state": office.state, "division": office.division_id}
        client.post(reverse("admin:designation_office_change", args=[office.pk]), {**data, "code": "OTHER"})
        office.refresh_from_db()
        assert office.code == "HSI-MIA"

    @pytest.mark.parametrize("who", ["dea_hq", "auditor", "training_manager"])
    def test_others_read_only(self, people, client, office, who):
        client.force_login(getattr(people, who))
        address = reverse("admin:designation_office_change", args=[office.pk])
        assert client.get(address).status_code == 200
        assert client.post(address, {"name": "Renamed"}).status_code == 403


@pytest.mark.parametrize("who", LISTS)
def test_every_record_a_role_lists_opens(people, client, who):
    factories.request(people, "approved")
    client.force_login(getattr(people, who))
    for model, page in admin.site._registry.items():
        stem = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if model._meta.app_label in OURS and model._meta.model_name in LISTS[who] - {"logentry"}:
            row = model._default_manager.first()
            if row is not None:
                assert client.get(reverse(f"{stem}_change", args=[row.pk])).status_code == 200, page
