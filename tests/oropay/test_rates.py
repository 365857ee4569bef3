"""The three gauges of returned debits, and the alert when one is crossed."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from commerce.models import Order
from oropay.models import Alert, AlertKind, PaymentTransaction
from oropay.returncodes import CODES, LIMITS, Rate
from oropay.services.ach import ReturnRate, return_rates
from tests.contract.sandbox import Sandbox
from tests.oropay.house import reread, send_back


@pytest.mark.parametrize(
    ("rate", "returned", "debits", "crossed"),
    [
        (Rate.UNAUTHORIZED, 1, 200, False),
        (Rate.UNAUTHORIZED, 2, 399, True),
        (Rate.ADMINISTRATIVE, 3, 100, False),
        (Rate.ADMINISTRATIVE, 4, 100, True),
        (None, 15, 100, False),
        (None, 16, 100, True),
        (None, 0, 0, False),
    ],
)
def test_a_gauge_is_crossed_above_its_limit(rate: Rate | None, returned: int, debits: int, crossed: bool) -> None:
    assert ReturnRate(rate=rate, returned=returned, debits=debits).is_crossed is crossed


def test_the_limits_are_nacha_s() -> None:
    assert {Rate.UNAUTHORIZED: Decimal("0.5"), Rate.ADMINISTRATIVE: Decimal(3), None: Decimal(15)} == LIMITS
    assert {code for code, row in CODES.items() if row.rate == Rate.ADMINISTRATIVE} == {"R02", "R03", "R04"}
    assert {code for code, row in CODES.items() if row.rate == Rate.UNAUTHORIZED} == {
        "R05",
        "R07",
        "R10",
        "R11",
        "R29",
        "R51",
    }


def test_crossing_a_limit_tells_a_person_once(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, order: Order
) -> None:
    charge = settled()
    send_back(sandbox, charge, "R10")

    reread(charge)

    alert = Alert.objects.get(kind=AlertKind.RETURN_RATE)
    assert "100.00 % of the bank debits of the last 60 days came back" in alert.text
    rates = return_rates(organization_id=order.organization_id, now=timezone.now())
    assert [(gauge.rate, gauge.returned, gauge.debits) for gauge in rates] == [
        (Rate.UNAUTHORIZED, 1, 1),
        (Rate.ADMINISTRATIVE, 0, 1),
        (None, 1, 1),
    ]


def test_what_came_back_more_than_sixty_days_ago_counts_no_more(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, order: Order
) -> None:
    charge = settled()
    send_back(sandbox, charge, "R10")
    reread(charge)

    rates = return_rates(organization_id=order.organization_id, now=timezone.now() + timedelta(days=61))

    assert [gauge.returned for gauge in rates] == [0, 0, 0]


def test_one_return_among_a_handful_of_debits_alarms_nobody(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, order: Order, settings: Any
) -> None:
    settings.OROPAY_RETURN_RATE_SAMPLE = 2
    charge = settled()
    send_back(sandbox, charge, "R10")

    reread(charge)

    assert not Alert.objects.filter(kind=AlertKind.RETURN_RATE).exists()
    gauge = return_rates(organization_id=order.organization_id, now=timezone.now())[0]
    assert (gauge.returned, gauge.says_little, gauge.is_crossed) == (1, True, False)
