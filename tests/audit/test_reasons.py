"""What is taken for a reason."""

import pytest

from audit.reasons import is_blank

ZERO_WIDTH = "\u200b\u200b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\u00a0",
        ZERO_WIDTH,
        "\ufeff \u2060",
        "\u00ad",
        "\u202e\u2066",
        "\u3164",
        "\u2800",
        "\ufe0f",
        "\u0301",
    ],
)
def test_what_cannot_be_seen_is_blank(text):
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", ".", "7", "\u200bNo.", "é", "e\u0301", "नहीं", "不", "👍\ufe0f"])
def test_what_can_be_seen_is_not_blank(text):
    assert not is_blank(text)
