"""What may be sent about the goods: every sum agrees, or the next lower level is sent and the amount stays."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.money import EXPONENTS, exponent, rounded
from oropay.gateway.globalpayments import bodies
from oropay.gateway.globalpayments.minor_units import exponent as gateway_exponent
from oropay.gateway.port import Credentials, DataLevel, OrderData, OrderItem, PostalAddress
from oropay.leveldata import REQUIREMENTS, Assessment, Gap, Need, assess, combined, read, store
from oropay.orderdata import freeze, thaw
from tests.contract.samples import BOLTS, ORDER, sale

COMPLETE = replace(ORDER, ship_from=PostalAddress(postal_code="07030", country="US"))
CREDENTIALS = Credentials(app_id="app", app_key="key", service_url="https://gateway.example/ucp")


def of(order: OrderData, amount: Decimal | None = None) -> Assessment:
    return assess(order=order, amount=order.total if amount is None else amount)


def test_an_order_with_everything_on_it_is_complete() -> None:
    assert of(COMPLETE) == Assessment(level=DataLevel.THREE, gaps=())


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ({"po_number": ""}, Gap(Need.PO_NUMBER)),
        ({"po_number": "P" * 51}, Gap(Need.PO_NUMBER)),
        ({"shipping_address": None}, Gap(Need.SHIP_TO)),
        ({"ship_from": None}, Gap(Need.SHIP_FROM)),
        ({"ship_from": PostalAddress(country="US")}, Gap(Need.SHIP_FROM)),
        ({"items": (replace(BOLTS, commodity_code=" "),)}, Gap(Need.COMMODITY_CODE, ("BOLT-M8",))),
        ({"items": (replace(BOLTS, unit=""),)}, Gap(Need.UNIT, ("BOLT-M8",))),
        ({"items": (replace(BOLTS, label=""),)}, Gap(Need.DESCRIPTION, ("BOLT-M8",))),
        ({"items": (replace(BOLTS, reference=""),)}, Gap(Need.PRODUCT_CODE, ("Bolt M8",))),
    ],
)
def test_what_is_only_missing_is_named_and_lowers_nothing(change: dict[str, object], gap: Gap) -> None:
    assert of(replace(COMPLETE, **change)) == Assessment(level=DataLevel.THREE, gaps=(gap,))  # type: ignore[arg-type]


def test_no_tax_is_missing_unless_the_buyer_is_exempt() -> None:
    untaxed = replace(
        COMPLETE,
        tax=Decimal(0),
        total=Decimal("24.00"),
        items=(replace(BOLTS, tax=Decimal(0), total=Decimal("19.00")),),
    )

    assert of(untaxed) == Assessment(level=DataLevel.THREE, gaps=(Gap(Need.TAX),))
    assert of(replace(untaxed, tax_exempt=True)) == Assessment(level=DataLevel.THREE, gaps=())


def test_part_of_an_invoice_is_sent_as_level_1() -> None:
    assert of(COMPLETE, Decimal("10.00")) == Assessment(level=DataLevel.ONE, gaps=(Gap(Need.WHOLE),))


@pytest.mark.parametrize(
    ("change", "need"),
    [
        ({"total": Decimal("26.00")}, Need.LINES_SUM),
        ({"discount": Decimal("0.50")}, Need.LINES_SUM),
        ({"items": (replace(BOLTS, quantity=Decimal(9)),)}, Need.LINE_TOTAL),
        ({"items": (replace(BOLTS, unit_amount=Decimal("2.001"), discount=Decimal("1.01")),)}, Need.UNIT_PRICE),
        ({"items": ()}, Need.LINES),
    ],
)
def test_lines_that_disagree_leave_level_2(change: dict[str, object], need: Need) -> None:
    found = of(replace(COMPLETE, **change))  # type: ignore[arg-type]

    assert found.level == DataLevel.TWO
    assert need in {gap.need for gap in found.gaps}


def test_a_line_that_gives_nothing_leaves_level_2() -> None:
    nothing = replace(
        BOLTS,
        reference="NOTHING",
        quantity=Decimal(0),
        unit_amount=Decimal(0),
        discount=Decimal(0),
        tax=Decimal(0),
        total=Decimal(0),
    )

    found = of(replace(COMPLETE, items=(BOLTS, nothing)))

    assert found == Assessment(level=DataLevel.TWO, gaps=(Gap(Need.QUANTITY, ("NOTHING",)),))


def test_a_discount_on_the_whole_order_agrees() -> None:
    order = replace(COMPLETE, discount=Decimal("3.00"), total=Decimal("23.90"))

    assert of(order).level == DataLevel.THREE


@pytest.mark.parametrize("change", [{"tax": Decimal("1.905")}, {"shipping": Decimal("25.00")}, {"tax": Decimal(-1)}])
def test_a_head_that_cannot_be_sent_leaves_level_1(change: dict[str, Decimal]) -> None:
    assert of(replace(COMPLETE, **change)).level == DataLevel.ONE  # type: ignore[arg-type]


def test_one_payment_for_several_invoices_tells_all_their_lines() -> None:
    nuts = replace(BOLTS, reference="NUT-M8")
    other = replace(COMPLETE, reference="SO-1002", po_number="PO-78", items=(nuts,))

    both = combined([COMPLETE, other])

    assert (both.reference, both.total, both.po_number) == ("SO-1001", Decimal("51.80"), "")
    assert of(both) == Assessment(level=DataLevel.THREE, gaps=(Gap(Need.PO_NUMBER),))
    assert combined([COMPLETE, replace(other, po_number="PO-77")]).po_number == "PO-77"
    assert combined([COMPLETE]) == COMPLETE


def test_gaps_and_goods_survive_being_stored() -> None:
    gaps = of(replace(COMPLETE, po_number="", items=(replace(BOLTS, unit=""),))).gaps

    assert tuple(read(store(gaps))) == gaps == (Gap(Need.PO_NUMBER), Gap(Need.UNIT, ("BOLT-M8",)))
    assert thaw(freeze(COMPLETE)) == COMPLETE


def test_every_need_is_asked_for_once_and_says_what_is_wrong() -> None:
    assert [requirement.need for requirement in REQUIREMENTS] == list(Need)
    assert all(str(requirement.sentence) and str(requirement.name) for requirement in REQUIREMENTS)


def test_what_fits_a_currency_here_fits_it_at_the_gateway() -> None:
    assert {code for code in EXPONENTS if gateway_exponent(code) < exponent(code)} == set()
    assert {code: gateway_exponent(code) for code in ("JPY", "USD", "KWD")} == {"JPY": 0, "USD": 2, "KWD": 3}


CURRENCIES = st.sampled_from(["JPY", "USD", "KWD"])


@st.composite
def orders(draw: Callable[..., object]) -> OrderData:
    """Orders as a shop writes them: lines rounded once after tax, the head the sum of its lines."""
    currency = str(draw(CURRENCIES))
    places = exponent(currency)

    def amount(most: int) -> Decimal:
        return Decimal(int(draw(st.integers(0, most)))).scaleb(-places)  # type: ignore[call-overload]

    items = []
    for number in range(int(draw(st.integers(1, 4)))):  # type: ignore[call-overload]
        quantity = Decimal(int(draw(st.integers(1, 50_000)))).scaleb(-3)  # type: ignore[call-overload]
        price = amount(90_000)
        subtotal = rounded(quantity * price, currency)
        discount = min(subtotal, amount(5_000))
        tax = amount(5_000)
        items.append(
            OrderItem(
                reference=f"SKU-{number}",
                label="Thing",
                quantity=quantity,
                unit="EA",
                unit_amount=price,
                discount=discount,
                tax=tax,
                total=subtotal - discount + tax,
                commodity_code="31161500",
            )
        )
    shipping = amount(5_000)
    return replace(
        COMPLETE,
        currency=currency,
        items=tuple(items),
        tax=sum((item.tax for item in items), Decimal(0)),
        discount=sum((item.discount for item in items), Decimal(0)),
        shipping=shipping,
        total=sum((item.total for item in items), Decimal(0)) + shipping,
    )


@given(orders())
def test_what_a_shop_rounds_correctly_is_always_level_3(order: OrderData) -> None:
    found = of(order)

    assert found.level == DataLevel.THREE
    assert {gap.need for gap in found.gaps} <= {Need.TAX}


@given(orders(), st.integers(-5_000, 5_000).filter(bool))
def test_another_amount_lowers_the_level_and_is_sent_as_it_is(order: OrderData, units: int) -> None:
    amount = order.total + Decimal(units).scaleb(-exponent(order.currency))
    if amount <= 0:
        return

    found = of(order, amount)
    body = bodies.sale(sale(str(amount), order.currency, order=order, level=found.level), CREDENTIALS)

    assert found.level == DataLevel.ONE
    assert body["amount"] == str(int(amount.scaleb(exponent(order.currency))))
    assert not {"tax_amount", "shipping_amount", "discounts", "items"} & body["order"].keys()


@given(orders(), st.data())
def test_a_line_off_by_one_unit_is_never_sent(order: OrderData, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(order.items) - 1))
    off = data.draw(st.sampled_from([-1, 1]))
    wrong = replace(order.items[index], total=order.items[index].total + Decimal(off).scaleb(-exponent(order.currency)))
    items = (*order.items[:index], wrong, *order.items[index + 1 :])

    assert of(replace(order, items=items)).level == DataLevel.TWO


@given(orders())
def test_what_is_sent_as_level_3_adds_up_in_minor_units(order: OrderData) -> None:
    if order.total <= 0:
        return

    body = bodies.sale(sale(str(order.total), order.currency, order=order, level=of(order).level), CREDENTIALS)

    lines = sum(int(item["total_amount"]) for item in body["order"]["items"])
    assert lines + int(body["order"]["shipping_amount"]) == int(body["amount"])
