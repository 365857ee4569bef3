"""What the gateway itself calls a thing is shown whole, even where its digits pass the check of card numbers."""

import pytest

from gpsandbox.redaction import text_cleaned


@pytest.mark.parametrize("name", ["TRN_5353a76d49c4546277796270cdac635f", "6f36e906-8450-4827-8991-b946a6267690"])
def test_a_name_of_the_gateway_whose_digits_look_like_a_card_is_shown_whole(name: str) -> None:
    assert text_cleaned(name) == name


def test_the_same_digits_without_a_name_are_masked() -> None:
    assert text_cleaned("pay 4546277796270 now") == "pay •••6270 now"
