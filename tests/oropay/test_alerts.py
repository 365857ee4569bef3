"""Asking people to look: one open alert of a kind, and a resolved one hides nothing that comes later."""

import pytest
from django.utils import timezone

from commerce.models import User
from oropay.models import Alert, AlertKind, PaymentTransaction
from oropay.services import alert_raise, alert_resolve


def say(charge: PaymentTransaction, text: str) -> None:
    alert_raise(row=charge, kind=AlertKind.IDENTITY_MISMATCH, text=text, now=timezone.now())


def told() -> list[tuple[str, bool]]:
    return [(alert.text, alert.resolved_at is None) for alert in Alert.objects.order_by("pk")]


def test_an_open_alert_is_told_once_in_its_newest_words(charge: PaymentTransaction) -> None:
    for text in ("the gateway shows 90", "the gateway shows 80"):
        say(charge, text)

    assert told() == [("the gateway shows 80", True)]


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ("the gateway shows 90", [("the gateway shows 90", False)]),
        ("the gateway shows 80", [("the gateway shows 90", False), ("the gateway shows 80", True)]),
    ],
    ids=["the same", "another"],
)
def test_what_was_resolved_stays_so_and_another_trouble_is_told_anew(
    charge: PaymentTransaction, clerk: User, later: str, expected: list[tuple[str, bool]]
) -> None:
    say(charge, "the gateway shows 90")
    alert_resolve(alert=Alert.objects.get(), remark="Agreed.", by=clerk, now=timezone.now())

    say(charge, later)

    assert told() == expected
