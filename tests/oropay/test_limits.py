"""The smallest and largest payment of an integration, currency by currency."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oropay.exceptions import MethodUnavailable
from oropay.models import Integration, IntegrationLimit, Payable, Payment
from oropay.selectors import PartLimits, integrations_active, methods_for

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


@pytest.mark.parametrize(("amount", "reason"), [("9.99", "It takes $10.00 or more."), ("10.00", ""), ("500.00", "")])
def test_where_a_part_may_be_paid_only_what_takes_no_part_is_off(
    limited: Integration, payable: Payable, amount: str, reason: str
) -> None:
    (offer,) = methods_for(payable=payable, amount=Decimal(amount), language="en-us", in_parts=True)

    assert offer.why_not == reason


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        ("90.01", PartLimits("USD", Decimal(10), Decimal(90))),
        ("90.00", PartLimits("USD", Decimal(10), None)),
    ],
)
def test_an_offer_tells_the_limits_that_a_part_may_pass(
    limited: Integration, payable: Payable, amount: str, parts: PartLimits
) -> None:
    (offer,) = methods_for(payable=payable, amount=Decimal(amount), language="en-us", in_parts=True)

    assert offer.parts == parts


@pytest.mark.parametrize(
    ("limits", "words", "too_little", "too_much"),
    [
        (
            PartLimits("JPY", Decimal(2000), Decimal(5000)),
            "From ¥2,000 to ¥5,000 per payment; a rest below ¥2,000 cannot be paid this way.",
            "This way to pay takes ¥2,000 or more.",
            "This way to pay takes ¥5,000 or less at a time.",
        ),
        (
            PartLimits("USD", None, Decimal(5000)),
            "Up to $5,000.00 per payment.",
            "",
            "This way to pay takes $5,000.00 or less at a time.",
        ),
        (
            PartLimits("USD", Decimal("0.5"), None),
            "$0.50 or more per payment; a rest below cannot be paid this way.",
            "This way to pay takes $0.50 or more.",
            "",
        ),
        (PartLimits("USD", None, None), "", "", ""),
    ],
)
def test_the_limits_of_a_part_in_words(limits: PartLimits, words: str, too_little: str, too_much: str) -> None:
    assert (limits.words, limits.too_little, limits.too_much) == (words, too_little, too_much)
    assert (limits.refusal(Decimal("0.01")), limits.refusal(Decimal(5001))) == (too_little, too_much)


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
