"""The smallest and largest payment of an integration, currency by currency."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oropay.exceptions import MethodUnavailable
from oropay.models import Integration, IntegrationLimit, Payable, Payment
from oropay.selectors import integrations_active, methods_for

Start = Callable[..., Payment]


@pytest.fixture
def limited(integration: Integration) -> Integration:
    """10.00 to 90.00 dollars, and at least 2,000 yen."""
    IntegrationLimit.objects.create(
        integration=integration, currency="USD", min_amount=Decimal(10), max_amount=Decimal(90)
    )
    IntegrationLimit.objects.create(integration=integration, currency="JPY", min_amount=Decimal(2000))
    return integration


def why_not(payable: Payable, amount: str) -> str:
    (offer,) = methods_for(payable=payable, amount=Decimal(amount), language="en-us")
    return offer.why_not


@pytest.mark.parametrize(
    ("amount", "reason"),
    [("9.99", "It takes $10.00 or more."), ("10.00", ""), ("90.00", ""), ("90.01", "It takes $90.00 or less.")],
)
def test_what_is_shown_before_the_click_is_what_the_click_is_told(
    limited: Integration, payable: Payable, start: Start, amount: str, reason: str
) -> None:
    assert why_not(payable, amount) == reason
    if not reason:
        assert start(amount=amount).amount == Decimal(amount)
        return

    with pytest.raises(MethodUnavailable, match=rf"Nothing was charged. .*{reason.replace('$', '.')}"):
        start(amount=amount)

    assert Payment.objects.count() == 0


def test_limits_of_another_currency_say_nothing(limited: Integration, payable: Payable, start: Start) -> None:
    limited.limits.filter(currency="USD").delete()

    payment = start(amount="1.00")

    assert why_not(payable, "1.00") == ""
    assert payment.amount == Decimal(1)


def test_each_currency_has_limits_of_its_own(limited: Integration) -> None:
    def limits(currency: str) -> list[tuple[Decimal | None, Decimal | None]]:
        rows = integrations_active(organization_id=limited.organization_id, currency=currency)
        return [(row.least, row.most) for row in rows]

    assert limits("USD") == [(Decimal(10), Decimal(90))]
    assert limits("JPY") == [(Decimal(2000), None)]
    assert limits("EUR") == [(None, None)]


def test_limits_cost_no_question_of_their_own(limited: Integration) -> None:
    with CaptureQueriesContext(connection) as asked:
        integrations_active(organization_id=limited.organization_id, currency="USD")

    assert len(asked) == 2  # integrations with their limits, labels
