from __future__ import annotations

import stat

import pytest
from django.core.management import CommandError, call_command

from designation.demo.users import DEMO_USERS, kept_password, refresh_demo_users
from designation.models import Role, User

pytestmark = pytest.mark.django_db
PASSWORD = "a password for the demonstration"


def test_there_is_one_for_each_role(capsys, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", PASSWORD)
    call_command("demo_users")
    told = capsys.readouterr().out
    assert PASSWORD in told
    for role in Role:
        user = User.objects.get(username=role.value)
        user.full_clean()
        assert user.has_role(role)
        assert user.check_password(PASSWORD)
        assert role.label in told


def test_they_can_sign_in(client, settings):
    refresh_demo_users(PASSWORD)
    assert client.post("/accounts/login/", {"username": "dea_hq", "password": PASSWORD}).status_code == 302


def test_a_second_run_keeps_the_session_and_a_new_password_ends_it(client):
    (coordinator, *_) = refresh_demo_users(PASSWORD)
    before = coordinator.password
    assert refresh_demo_users(PASSWORD)[0].password == before
    assert refresh_demo_users(PASSWORD + "2")[0].check_password(PASSWORD + "2")
    assert User.objects.count() == len(DEMO_USERS)


def test_a_second_run_brings_back_what_was_changed():
    refresh_demo_users(PASSWORD)
    User.objects.filter(username="auditor").update(roles=[], is_active=False)
    refresh_demo_users(PASSWORD)
    assert User.objects.get(username="auditor").has_role(Role.AUDITOR)


def test_the_made_up_password_is_kept_for_its_owner_alone(tmp_path):
    file = tmp_path / "var" / "demo-password"
    password = kept_password(file)
    assert len(password) >= 20
    assert kept_password(file) == password
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_never_where_demonstration_is_off(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="production never has"):
        call_command("demo_users", password=PASSWORD)
    assert not User.objects.exists()
