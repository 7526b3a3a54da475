"""What holds for every page before it is made."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.factories import People

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address", ["/requests/%00/", "/training/sections/%00/", "/reports/requests/%00/", "/requests/?text=a%00b"]
)
def test_an_address_with_a_nul_character_is_a_bad_request(client, address):
    client.force_login(People().auditor)
    assert client.get(address).status_code == 400


def test_other_addresses_go_on(client):
    client.force_login(People().auditor)
    assert client.get(reverse("designation:request_list"), {"text": "50%"}).status_code == 200
