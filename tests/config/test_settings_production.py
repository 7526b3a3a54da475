"""The production settings, read by processes of their own."""

import os
import subprocess
import sys

import pytest

from config import embedded

COMPLETE = {
    "SECRET_KEY": "a long key that is made up for this test alone, 0123456789",
    "ALLOWED_HOSTS": "title21.example",
    "DATABASE_URL": "postgres://localhost/title21",
    "REDIS_URL": "redis://localhost/0",
}


def _check(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=embedded.PROJECT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings_production", **environment},
        capture_output=True,
        text=True,
    )


def test_a_complete_environment_passes_the_deployment_checks():
    done = _check(COMPLETE)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", COMPLETE)
def test_each_required_variable_is_named_when_it_is_missing(name):
    done = _check({key: value for key, value in COMPLETE.items() if key != name})
    assert done.returncode != 0
    assert f"production needs these in the environment: {name}" in done.stderr


def test_demo_data_are_refused():
    done = _check({**COMPLETE, "DEMO": "1"})
    assert done.returncode != 0
    assert "production has no demo data" in done.stderr
