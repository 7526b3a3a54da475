"""The vendored files are those on record, and hashed file names can be made of them."""

import hashlib
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

USWDS = settings.BASE_DIR / "templates" / "static" / "uswds"


def recorded_hashes() -> dict[str, str]:
    lines = (USWDS / "SOURCES.txt").read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {name: here for name, _source, here, _there in rows}


def test_each_file_has_the_hash_on_record():
    present = [path for path in USWDS.rglob("*") if path.is_file() and path.name != "SOURCES.txt"]
    found = {str(path.relative_to(USWDS)): hashlib.sha256(path.read_bytes()).hexdigest() for path in present}
    assert found == recorded_hashes()


def test_hashed_names_can_be_made_of_all_static_files(settings, tmp_path: Path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    assert list(tmp_path.glob("title21/title21.*.css"))


@pytest.mark.parametrize("name", ["title21/title21.css", "title21/admin.css", "title21/title21.js"])
def test_our_own_files_load_nothing_from_elsewhere(name: str):
    text = (settings.BASE_DIR / "templates" / "static" / name).read_text()
    assert "http:" not in text
    assert "https:" not in text
