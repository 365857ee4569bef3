from dataclasses import replace
from typing import Any

import pytest

from oropay.gateway.globalpayments import bodies
from oropay.gateway.globalpayments.exceptions import AmountDoesNotFit, UnusableRequest
from oropay.gateway.port import (
    Capture,
    CardToken,
    CredentialModel,
    CredentialReason,
    Credentials,
    CredentialUse,
    DataLevel,
    PostalAddress,
    RiskFilter,
    SaleRequest,
)
from tests.contract.samples import ACCOUNT, BARE_ORDER, BOLTS, ORDER, follow_up, sale

CREDENTIALS = Credentials(app_id="app", app_key="key", service_url="https://gateway.example/ucp")


def body_of(request: SaleRequest) -> dict[str, Any]:
    return bodies.sale(request, CREDENTIALS)


def test_a_card_sale_carries_the_whole_order() -> None:
    request = sale("25.90", reference="payment-0001", order=ORDER, level=DataLevel.THREE)

    assert body_of(request) == {
        "account_name": "transaction_processing",
        "channel": "CNP",
        "country": "US",
        "type": "SALE",
        "capture_mode": "AUTO",
        "amount": "2590",
        "currency": "USD",
        "reference": "payment-0001",
        "description": "Order SO-1001",
        "ip_address": "192.0.2.7",
        "purchase_order_number": "PO-77",
        "payer": {
            "reference": "customer-7",
            "name": "North Tools",
            "first_name": "Ann",
            "last_name": "Lee",
            "email": "ann@north.example",
            "landline_phone": "15125550199",
            "billing_address": {
                "line_1": "9 Bank Street",
                "city": "Austin",
                "state": "TX",
                "postal_code": "78701",
                "country": "US",
            },
        },
        "order": {
            "reference": "SO-1001",
            "description": "Order SO-1001",
            "amount": "2590",
            "currency": "USD",
            "tax_amount": "190",
            "shipping_amount": "500",
            "discounts": [{"reference": "DISCOUNT", "amount": "100"}],
            "items": [
                {
                    "reference": "BOLT-M8",
                    "label": "Bolt M8",
                    "description": "box",
                    "category": "31161500",
                    "quantity": "10",
                    "unit_amount": "200",
                    "tax_amount": "190",
                    "total_amount": "2090",
                }
            ],
            "shipping_address": {
                "line_1": "1 Dock Road",
                "line_2": "Gate 4",
                "city": "Austin",
                "state": "TX",
                "postal_code": "78701",
                "country": "US",
            },
            "shipping_phone": {"country_code": "1", "subscriber_number": "5125550100"},
        },
        "payment_method": {
            "entry_mode": "ECOM",
            "id": "PMT_single",
            "narrative": "SO-1001",
            "fingerprint_mode": "ALWAYS",
            "card": {"avs_address": "9 Bank Street", "avs_postal_code": "78701"},
        },
    }


def test_an_ach_charge_carries_the_bank_account_and_its_holder() -> None:
    request = sale(reference="payment-0002", source=ACCOUNT)

    assert body_of(request)["payment_method"] == {
        "entry_mode": "ECOM",
        "name": "North Tools LLC",
        "narrative": "SO-1",
        "bank_transfer": {
            "account_number": "1357902468",
            "account_type": "CHECKING",
            "account_holder_type": "BUSINESS",
            "sec_code": "CCD",
            "bank": {"code": "122000030", "name": "First Union"},
        },
    }
    assert body_of(request)["payer"] == {"name": "North Tools LLC"}


@pytest.mark.parametrize(
    ("capture", "mode"), [(Capture.NOW, "AUTO"), (Capture.LATER, "LATER"), (Capture.MULTIPLE, "MULTIPLE")]
)
def test_the_capture_mode_is_fixed_when_the_sale_is_made(capture: Capture, mode: str) -> None:
    assert body_of(sale(capture=capture))["capture_mode"] == mode


def test_keeping_a_card_asks_for_storage_on_success_and_says_it_is_the_first_use() -> None:
    body = body_of(
        sale(
            source=CardToken(
                token="PMT_single",
                keep=True,
                use=CredentialUse(CredentialModel.UNSCHEDULED, first=True),
                holder_name="Ann Lee",
            )
        )
    )

    assert body["payment_method"] == {
        "entry_mode": "ECOM",
        "id": "PMT_single",
        "name": "Ann Lee",
        "narrative": "SO-1",
        "storage_mode": "ON_SUCCESS",
        "fingerprint_mode": "ALWAYS",
    }
    assert body["initiator"] == "PAYER"
    assert body["stored_credential"] == {"model": "UNSCHEDULED", "sequence": "FIRST"}


def test_a_kept_card_used_by_the_buyer_names_its_first_payment() -> None:
    body = body_of(
        sale(
            source=CardToken(token="PMT_kept", use=CredentialUse(CredentialModel.UNSCHEDULED, brand_reference="NET123"))
        )
    )

    assert body["payment_method"]["card"] == {"brand_reference": "NET123"}
    assert body["initiator"] == "PAYER"
    assert body["stored_credential"] == {"model": "UNSCHEDULED", "sequence": "SUBSEQUENT"}


def test_a_kept_card_used_by_us_says_so() -> None:
    use = CredentialUse(CredentialModel.RECURRING, by_merchant=True, reason=CredentialReason.RESUBMISSION)
    body = body_of(sale(source=CardToken(token="PMT_kept", use=use)))

    assert body["initiator"] == "MERCHANT"
    assert body["stored_credential"] == {
        "model": "RECURRING",
        "reason": "RESUBMISSION",
        "sequence": "SUBSEQUENT",
    }


@pytest.mark.parametrize(
    ("risk", "told"),
    [(RiskFilter.OFF, None), (RiskFilter.PASSIVE, [{"mode": "PASSIVE"}]), (RiskFilter.ACTIVE, [{"mode": "ACTIVE"}])],
)
def test_the_fraud_filter_is_asked_for_as_told(risk: RiskFilter, told: list[dict[str, str]] | None) -> None:
    assert body_of(sale(risk=risk)).get("risk_assessment") == told


def test_a_bank_debit_asks_for_no_fraud_filter() -> None:
    assert "risk_assessment" not in body_of(sale(source=ACCOUNT, risk=RiskFilter.ACTIVE))


def test_a_card_used_once_claims_no_stored_credential() -> None:
    body = body_of(sale())

    assert "initiator" not in body
    assert "stored_credential" not in body


@pytest.mark.parametrize(
    ("amount", "currency", "minor"), [("1000", "JPY", "1000"), ("1.234", "KWD", "1234"), ("0.29", "USD", "29")]
)
def test_the_amount_is_sent_in_the_currencys_own_minor_units(amount: str, currency: str, minor: str) -> None:
    body = body_of(sale(amount, currency))

    assert (body["amount"], body["currency"]) == (minor, currency)


def test_describing_text_is_clipped_to_fifty_characters() -> None:
    order = replace(ORDER, description="x" * 80, items=(replace(BOLTS, label="y" * 80),))

    body = body_of(sale(order=order, level=DataLevel.THREE))

    assert body["description"] == "x" * 50
    assert body["order"]["items"][0]["label"] == "y" * 50


def test_a_sku_and_a_po_number_that_do_not_fit_are_left_out_whole() -> None:
    order = replace(ORDER, po_number="P" * 51, items=(replace(BOLTS, reference="S" * 51),))

    body = body_of(sale(order=order, level=DataLevel.THREE))

    assert "purchase_order_number" not in body
    assert "reference" not in body["order"]["items"][0]
    assert body["order"]["items"][0]["label"] == "Bolt M8"


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (DataLevel.ONE, set()),
        (DataLevel.TWO, {"tax_amount", "shipping_amount", "discounts"}),
        (DataLevel.THREE, {"tax_amount", "shipping_amount", "discounts", "items"}),
    ],
)
def test_exactly_the_level_asked_for_is_sent(level: DataLevel, told: set[str]) -> None:
    body = body_of(sale("25.90", order=ORDER, level=level))

    assert {"tax_amount", "shipping_amount", "discounts", "items"} & body["order"].keys() == told
    assert ("purchase_order_number" in body) is (level >= DataLevel.TWO)
    assert body["amount"] == "2590"
    assert body["order"]["shipping_address"]["postal_code"] == "78701"


def test_where_goods_leave_from_has_no_field_at_the_gateway_and_is_not_sent() -> None:
    """A field it does not know would be refused, and the charge with it (40006)."""
    request = sale("25.90", order=ORDER, level=DataLevel.THREE)

    known = replace(request, order=replace(ORDER, ship_from=PostalAddress(postal_code="07030", country="US")))

    assert body_of(known) == body_of(request)


@pytest.mark.parametrize(
    "request_",
    [
        sale(reference="short"),
        sale(reference="r" * 51),
        sale(reference="has space"),
        sale(reference="path/../x"),
        sale("0.00"),
        sale("-1.00"),
        sale(source=ACCOUNT, capture=Capture.LATER),
        sale(source=CardToken(token="../payers")),
        sale(order=replace(BARE_ORDER, reference="o" * 51)),
    ],
)
def test_what_cannot_be_sent_truthfully_is_refused(request_: SaleRequest) -> None:
    with pytest.raises(UnusableRequest):
        body_of(request_)


def test_an_amount_that_does_not_fit_its_currency_is_refused() -> None:
    with pytest.raises(AmountDoesNotFit):
        body_of(sale("19.999"))


def test_follow_ups_carry_what_gp_api_knows_of_them() -> None:
    assert bodies.capture(follow_up("TRN_1", "5.00")) == {"amount": "500"}
    assert bodies.capture(follow_up("TRN_1")) == {}
    assert bodies.reversal(follow_up("TRN_1")) == {}
    assert bodies.refund(follow_up("TRN_1", "5.00", reference="refund-0001")) == {
        "amount": "500",
        "reference": "refund-0001",
    }


def test_a_refund_without_our_reference_is_refused() -> None:
    with pytest.raises(UnusableRequest):
        bodies.refund(follow_up("TRN_1", "5.00"))


@pytest.mark.parametrize("name", ["", "TRN_1/refund", "TRN_1?x=1", "..", "TRN_1\r\nX: y", "t" * 51])
def test_a_name_that_would_change_the_url_is_refused(name: str) -> None:
    with pytest.raises(UnusableRequest):
        bodies.in_path(name)


@pytest.mark.parametrize("key", ["", "k" * 51, "a b", "a\r\nX-Other: b"])
def test_an_idempotency_key_that_would_change_the_headers_is_refused(key: str) -> None:
    with pytest.raises(UnusableRequest):
        bodies.key(key)
