"""Names in one cell are told apart, and the words for kind and priority understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designation.rosters.names import same_person_name, split_name
from designation.rosters.words import kind_of, priority_of


@pytest.mark.parametrize(
    ("text", "last", "first"),
    [
        ("Smith, John", "Smith", "John"),
        ("SMITH,JOHN A.", "SMITH", "JOHN A."),
        ("Smith Jr., John", "Smith Jr.", "John"),
        ("Smith, John, Jr.", "Smith Jr.", "John"),
        ("de la Cruz, María José", "de la Cruz", "María José"),
        ("John Smith", "Smith", "John"),
        ("John A. Smith III", "Smith III", "John A."),
        ("John Smith, Jr.", "Smith Jr.", "John"),
        ("Maria de la Cruz", "de la Cruz", "Maria"),
        ("Van Nguyen", "Nguyen", "Van"),
        ("Mary Ann O'Brien-Smith", "O'Brien-Smith", "Mary Ann"),
        ("  John \t Smith ", "Smith", "John"),
    ],
)
def test_last_and_first_name_are_told_apart(text: str, last: str, first: str):
    assert split_name(text) == (last, first)


@pytest.mark.parametrize("text", ["", "Cher", "Smith,", ", John", "Smith, John, Miami", "Jr.", "Smith Jr."])
def test_a_name_that_cannot_be_told_apart_is_left_to_a_person(text: str):
    assert split_name(text) is None


def test_the_order_that_the_header_announces_is_kept_without_a_comma():
    assert split_name("Smith John", last_first=True) == ("Smith", "John")
    assert split_name("De La Cruz Maria", last_first=True) is None


@given(text=st.text(st.sampled_from("aB,. -'éJr"), max_size=30))
def test_no_letter_of_a_name_is_lost(text: str):
    found = split_name(text)

    if found:
        assert all(found)
        assert sorted("".join(found).replace(" ", "")) == sorted(text.replace(" ", "").replace(",", ""))


def test_names_are_compared_without_case_accents_suffixes_and_middle_names():
    assert same_person_name("Muñoz-Ortiz Jr.", "José Luis", "MUNOZ ORTIZ", "Jose")
    assert not same_person_name("Smith", "John", "Smith", "Jane")
    assert not same_person_name("Smith", "John", "Smyth", "John")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Initial", "initial"),
        ("NEW", "initial"),
        ("Initial request", "initial"),
        ("Renewal", "renewal"),
        ("re-designation", "renewal"),
        ("Transfer", "transfer"),
        ("Transfer request", "transfer"),
        ("Upgrade", None),
    ],
)
def test_words_for_the_kind(word: str, kind: str | None):
    assert kind_of(word) == kind


@pytest.mark.parametrize(
    ("word", "priority"),
    [
        ("Routine", "routine"),
        ("No", "routine"),
        ("FALSE", "routine"),
        ("N/A", "routine"),
        ("Expedited", "expedited"),
        ("yes", "expedited"),
        ("X", "expedited"),
        ("TRUE", "expedited"),
        ("soon", None),
    ],
)
def test_words_for_the_priority(word: str, priority: str | None):
    assert priority_of(word) == priority
