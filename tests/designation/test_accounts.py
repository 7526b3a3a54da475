"""Passwords that somebody else set, names as recorded then, and roles that do not mix."""

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from audit.models import StepEvent
from designation import workflow
from designation.models import FieldOpinion, Notice, Office, Role, User
from designation.workflow import Refused
from tests import factories

PHRASE = "a long and private phrase"
CHANGE_PASSWORD = reverse("password_change")
REQUESTS = reverse("designation:request_list")


def set_password(client, user):
    data = {"usable_password": "true", "password1": PHRASE, "password2": PHRASE, "set-password": "1"}
    return client.post(reverse("admin:auth_user_password_change", args=[user.pk]), data)


def account(user, **values):
    names = ["first_name", "last_name", "email"]
    shown = {name: getattr(user, name) for name in names}
    return {**shown, "office": user.office_id, "roles": user.roles, "is_active": "on", **values}


def change(client, user, **values):
    return client.post(reverse("admin:designation_user_change", args=[user.pk]), account(user, **values), follow=True)


@pytest.fixture
def operator(people, client):
    client.force_login(people.operator)
    return people.operator


@pytest.fixture
def handed_over(people, client, operator):
    """A DEA reviewer whose password an operator has set, signed in with it."""
    set_password(client, people.dea_hq)
    client.logout()
    client.post(reverse("login"), {"username": people.dea_hq.username, "password": PHRASE})
    return people.dea_hq


class TestOneTimePassword:
    @pytest.mark.parametrize(
        "address",
        [reverse("home"), REQUESTS, reverse("admin:index"), reverse("admin:designation_request_changelist")],
    )
    def test_opens_nothing_but_the_page_to_choose_another(self, handed_over, client, address):
        response = client.get(address)
        assert (response.status_code, response.url) == (302, CHANGE_PASSWORD)
        assert "Somebody else set the password" in client.get(CHANGE_PASSWORD).content.decode()

    def test_decides_nothing(self, people, handed_over, client):
        request = factories.request(people, "dea_decision")
        act = reverse("admin:designation_request_act", args=[request.pk, "approve"])
        assert client.post(act, {"version": request.version, "reason": "Fine."}).url == CHANGE_PASSWORD
        request.refresh_from_db(fields=["decided_by"])
        assert request.decided_by is None

    def test_lets_its_user_sign_out(self, handed_over, client):
        client.post(reverse("logout"))
        assert client.get(reverse("home")).url.startswith(reverse("login"))

    def test_is_over_once_its_owner_has_chosen(self, handed_over, client):
        own = "another phrase of my own"
        data = {"old_password": PHRASE, "new_password1": own, "new_password2": own}
        client.post(CHANGE_PASSWORD, data)
        assert client.get(REQUESTS).status_code == 200
        assert not User.objects.get(pk=handed_over.pk).must_change_password

    def test_cannot_be_kept(self, handed_over, client):
        data = {"old_password": PHRASE, "new_password1": PHRASE, "new_password2": PHRASE}
        assert "Choose another password" in client.post(CHANGE_PASSWORD, data).content.decode()
        assert User.objects.get(pk=handed_over.pk).must_change_password

    def test_is_told_to_its_owner_by_notice_and_email(
        self, people, client, operator, mailoutbox, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            set_password(client, people.dea_hq)
        notice = Notice.objects.get(recipient=people.dea_hq)
        assert notice.title == f"Your password was set by {operator.recorded_name}"
        from designation.tasks import send_notices

        send_notices()
        assert mailoutbox[0].to == [people.dea_hq.email]
        assert operator.recorded_name in mailoutbox[0].subject

    def test_ends_the_sessions_that_the_owner_has(self, people, client, operator):
        owner = client.__class__()
        owner.force_login(people.dea_hq)
        set_password(client, people.dea_hq)
        assert owner.get(REQUESTS).url.startswith(reverse("login"))

    def test_is_what_a_new_account_has(self, client, operator):
        data = {
            "username": "nreviewer",
            "office": Office.objects.get(code="DEA-MIA").pk,
            "roles": [Role.DEA_FIELD],
            "usable_password": "true",
            "password1": PHRASE,
            "password2": PHRASE,
        }
        client.post(reverse("admin:designation_user_add"), data)
        assert User.objects.get(username="nreviewer").must_change_password

    def test_ones_own_password_is_changed_with_the_old_one(self, client, operator):
        assert set_password(client, operator).url == CHANGE_PASSWORD
        assert client.get(reverse("admin:password_change")).url == CHANGE_PASSWORD
        assert not User.objects.get(pk=operator.pk).check_password(PHRASE)


class TestForgottenPassword:
    def link(self, client, user, mailoutbox):
        client.post(reverse("password_reset"), {"email": user.email})
        return next(word for word in mailoutbox[-1].body.split() if word.startswith("http"))

    def test_its_owner_chooses_another_by_a_link_that_works_once(self, people, client, mailoutbox):
        link = self.link(client, people.coordinator, mailoutbox)
        page = client.get(link, follow=True)
        form = page.redirect_chain[-1][0]
        own = {"new_password1": PHRASE, "new_password2": PHRASE}
        assert "You can sign in" in client.post(form, own, follow=True).text
        assert client.post(reverse("login"), {"username": people.coordinator.username, "password": PHRASE}).url == "/"
        assert "This link does not work" in client.get(link, follow=True).text

    def test_its_owner_is_told_in_the_app(self, people, client, mailoutbox):
        page = client.get(self.link(client, people.coordinator, mailoutbox), follow=True)
        client.post(page.redirect_chain[-1][0], {"new_password1": PHRASE, "new_password2": PHRASE})
        notice = Notice.objects.get(recipient=people.coordinator)
        assert notice.title == "Your password was changed by a link from your mailbox"

    def test_nobody_learns_whether_there_is_an_account(self, client, mailoutbox, db):
        page = client.post(reverse("password_reset"), {"email": "nobody@example.gov"}, follow=True)
        assert "If an account has this address" in page.text
        assert mailoutbox == []

    def test_the_address_is_asked_for(self, client, db):
        assert "Enter the" in client.post(reverse("password_reset"), {"email": ""}).text


class TestNamesOnRecord:
    def test_a_new_name_changes_no_timeline_and_no_refusal(self, people, client):
        request = factories.request(people, "dea_decision")
        workflow.transition("refer_back", [request.pk], actor=people.dea_hq, reason="Look again.")
        workflow.transition("nonconcur", [request.pk], actor=people.dea_field, reason="Overlapping cases.")
        then = people.dea_field.recorded_name
        User.objects.filter(pk=people.dea_field.pk).update(first_name="Someone", last_name="Else")
        assert StepEvent.objects.filter(subject=request.number).latest("sequence").actor_name == then
        client.force_login(people.auditor)
        for address in (
            reverse("designation:request_detail", args=[request.number]),
            reverse("admin:designation_request_change", args=[request.pk]),
        ):
            assert "Someone Else" not in client.get(address).content.decode()
        with pytest.raises(Refused) as told:
            workflow.transition_one("approve", request.pk, actor=people.dea_hq, version=1)
        assert then in str(told.value)

    def test_an_opinion_keeps_the_name_of_who_gave_it(self, people):
        request = factories.request(people, "dea_decision")
        assert FieldOpinion.objects.get(request=request).given_by_name == people.dea_field.recorded_name

    def test_it_fits_the_ledger_however_long_and_keeps_the_username_whole(self):
        user = User(username="u" * 150, first_name="F" * 150, last_name="L" * 150)
        assert len(user.recorded_name) <= 160
        assert user.recorded_name.endswith(f"({'u' * 150})")
        assert User(username="ann").recorded_name == "ann"

    def test_a_username_stays(self, people, client, operator):
        before = people.dea_hq.username
        change(client, people.dea_hq, username="somebody")
        assert User.objects.get(pk=people.dea_hq.pk).username == before

    def test_a_new_name_is_logged_with_the_old_one(self, people, client, operator):
        was = people.dea_hq.last_name
        change(client, people.dea_hq, last_name="Cole")
        assert LogEntry.objects.get(object_id=people.dea_hq.pk).get_change_message() == f"Last name: {was} → Cole."


class TestRoles:
    @pytest.mark.parametrize(
        ("roles", "office", "told"),
        [
            ([Role.AUDITOR, Role.SUPERVISOR], "HSI-HQ", "“Auditor” is held alone"),
            ([Role.OPERATOR, Role.DEA_HQ], "DEA-HQ", "“Operator” is held alone"),
            ([Role.OPERATOR, Role.AUDITOR], "HSI-HQ", "is held alone"),
            ([Role.DEA_HQ], "DEA-MIA", "needs DEA’s headquarters"),
            ([Role.HSI_HQ], "HSI-MIA", "needs HSI’s headquarters"),
            ([Role.COORDINATOR], "DEA-MIA", "needs a home office of HSI"),
        ],
    )
    def test_do_not_mix(self, db, roles, office, told):
        user = User(username="mixed", password="x", roles=roles, office=Office.objects.get(code=office))
        with pytest.raises(ValidationError) as refused:
            user.full_clean()
        assert told in str(refused.value)

    @pytest.mark.parametrize(("role", "office"), [(Role.DEA_FIELD, "DEA-HQ"), (Role.AUDITOR, "DEA-HQ")])
    def test_may_be_held_where_their_work_is(self, db, role, office):
        User(username="fits", password="x", roles=[role], office=Office.objects.get(code=office)).full_clean()

    def test_the_database_holds_auditor_and_operator_apart(self, people):
        somebody = User.objects.filter(pk=people.supervisor.pk)
        for role in (Role.AUDITOR, Role.OPERATOR):
            with pytest.raises(IntegrityError), transaction.atomic():
                somebody.update(roles=[role, Role.SUPERVISOR])

    def test_of_headquarters_count_at_headquarters_alone(self, people):
        people.dea_hq.office = Office.objects.get(code="DEA-MIA")
        assert not people.dea_hq.has_role(Role.DEA_HQ)

    def test_none_is_told_on_saving(self, people, client, operator):
        assert "This account has no role" in change(client, people.supervisor, roles=[]).content.decode()

    def test_what_nobody_may_change_of_himself_is_not_logged_as_changed(self, client, operator):
        change(client, operator, roles=[Role.SUPERVISOR], email="new@example.gov")
        message = LogEntry.objects.get(object_id=operator.pk).get_change_message()
        assert message == f"Email address: {operator.email} → new@example.gov."
        assert User.objects.get(pk=operator.pk).roles == [Role.OPERATOR]
