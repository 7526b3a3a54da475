"""What holds for every page before it is made."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.factories import People

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/requests/%00/", "/training/sections/%00/", "/reports/requests/%00/"])
def test_nothing_is_found_under_a_name_with_a_nul_character(client, address):
    client.force_login(People().auditor)
    assert client.get(address).status_code == 404


def test_a_nul_character_in_a_parameter_is_a_bad_request(client):
    client.force_login(People().auditor)
    assert client.get("/requests/?text=a%00b").status_code == 400


def test_other_addresses_go_on(client):
    client.force_login(People().auditor)
    assert client.get(reverse("designation:request_list"), {"text": "50%"}).status_code == 200
