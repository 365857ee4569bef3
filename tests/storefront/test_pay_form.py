import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.http import QueryDict

from oropay.models import Instrument, InstrumentKind
from oropay.services import NewBank, NewCard, SavedInstrument
from storefront.forms.pay import BANK, CARD, SAVED, PayForm, PayOption
from storefront.mandate import STANDING_TEXT, STANDING_VERSION, TEXT, VERSION, DebitTerms, StandingTerms

DEBIT = DebitTerms(
    seller="Seller, Inc.",
    contact="seller@example.test",
    company="Acme",
    purpose="invoice INV-7",
    amount=Decimal("1234.50"),
    currency="USD",
    day=date(2026, 11, 23),
)
SAVED_BANK = Instrument(pk=9, kind=InstrumentKind.BANK, last4="4321")
OPTIONS = [
    PayOption(value="saved:1:8", kind=SAVED, integration_id=1, title="Visa", instrument=Instrument(pk=8, kind="card")),
    PayOption(value="saved:1:9", kind=SAVED, integration_id=1, title="Checking", instrument=SAVED_BANK),
    PayOption(value="card:1", kind=CARD, integration_id=1, title="Card"),
    PayOption(value="bank:1", kind=BANK, integration_id=1, title="Bank"),
    PayOption(value="card:2", kind=CARD, integration_id=2, title="Other", why_not="It takes $5.00 or more."),
]
BANK_DETAILS = {
    "bank_holder_name": "Acme",
    "bank_routing": "122000030",
    "bank_account": "1234567890",
    "bank_account_again": "1234567890",
    "bank_account_type": "CHECKING",
    "bank_holder_type": "BUSINESS",
}


def form(**data: str) -> PayForm:
    posted = QueryDict(mutable=True)
    posted.update({"attempt_key": str(uuid.uuid4()), "agreed_day": "2026-11-23", **data})
    return PayForm(posted, options=OPTIONS, debit=DEBIT, guard=lambda _account: None)


def source(sent: PayForm) -> NewCard | NewBank | SavedInstrument:
    assert sent.is_valid(), sent.errors
    return sent.source(ip_address="192.0.2.1", user_agent="Browser")


def test_a_card_comes_as_a_token_and_what_to_show_of_it() -> None:
    sent = form(
        method="card:1",
        card_token="PMT_abc",
        card_brand="visa",
        card_last4="5262",
        card_expiry_month="12",
        card_expiry_year="2030",
        card_holder="Dana",
        keep="card:1",
    )

    assert source(sent) == NewCard(
        token="PMT_abc",
        brand="visa",
        last4="5262",
        expiry_month=12,
        expiry_year=2030,
        holder_name="Dana",
        keep=True,
    )


def test_a_card_without_a_token_charges_nothing() -> None:
    sent = form(method="card:1")

    assert not sent.is_valid()
    assert sent.non_field_errors() == [
        "Nothing was charged. Please enter the card again and press the button once more."
    ]


def test_a_card_number_is_no_token() -> None:
    sent = form(method="card:1", card_token="4263 9700 0000 5262")

    assert not sent.is_valid()


def test_a_bank_account_comes_with_the_words_agreed_to() -> None:
    made = source(form(method="bank:1", authorised="bank:1", **BANK_DETAILS))

    assert isinstance(made, NewBank)
    assert made.mandate is not None
    assert (made.details.account_number, made.details.routing_number) == ("1234567890", "122000030")
    assert not made.keep
    assert "debit $1,234.50 once" in made.mandate.text
    assert "on November 23, 2026" in made.mandate.text
    assert "account ending in 7890" in made.mandate.text
    assert "to pay invoice INV-7 for Acme" in made.mandate.text
    assert (made.mandate.text_version, made.mandate.ip_address) == ("ach-authorisation-v1", "192.0.2.1")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("bank_routing", "122000031", "This routing number does not exist; please check its nine digits."),
        ("bank_account", "12 34a", "An account number has 4 to 17 digits."),
        ("bank_account_again", "1234567899", "The two account numbers differ."),
        ("bank_holder_name", "", "This is needed for a bank transfer."),
    ],
)
def test_a_mistake_in_a_bank_account_is_named_at_its_field(field: str, value: str, says: str) -> None:
    sent = form(method="bank:1", authorised="bank:1", **BANK_DETAILS | {field: value})

    assert not sent.is_valid()
    assert sent.errors[field] == [says]


def test_blanks_and_dashes_in_numbers_do_not_matter() -> None:
    made = source(
        form(
            method="bank:1",
            authorised="bank:1",
            **BANK_DETAILS | {"bank_routing": "1220 00030", "bank_account": "123-456 7890"},
        )
    )

    assert isinstance(made, NewBank)
    assert (made.details.account_number, made.details.routing_number) == ("1234567890", "122000030")


def test_bank_numbers_are_never_written_into_a_page_again() -> None:
    sent = form(method="bank:1", **BANK_DETAILS | {"bank_account_again": "77777777"})

    page = sent.as_p()

    assert not sent.is_valid()
    assert "1234567890" not in page
    assert "122000030" not in page
    assert "77777777" not in page


@pytest.mark.parametrize("ticked", ["", "saved:1:9"])
def test_a_tick_below_another_text_is_no_agreement(ticked: str) -> None:
    sent = form(method="bank:1", authorised=ticked, **BANK_DETAILS)

    assert not sent.is_valid()
    assert sent.errors["authorised"][-1] == "Nothing was debited. Please agree to the authorisation first."


def test_a_saved_bank_account_is_authorised_anew() -> None:
    without = form(method="saved:1:9")
    made = source(form(method="saved:1:9", authorised="saved:1:9"))

    assert not without.is_valid()
    assert isinstance(made, SavedInstrument)
    assert made.mandate is not None
    assert "ending in 4321" in made.mandate.text


def test_a_saved_card_needs_nothing_more() -> None:
    assert source(form(method="saved:1:8")) == SavedInstrument(instrument_id=8)


def test_yesterday_s_page_is_read_again_before_a_debit() -> None:
    sent = form(method="bank:1", authorised="bank:1", **BANK_DETAILS | {"agreed_day": "2026-11-22"})

    assert not sent.is_valid()
    assert "Nothing was debited. The day has changed" in sent.non_field_errors()[0]


@pytest.mark.parametrize("method", ["", "card:2", "card:99", "bank:2"])
def test_only_what_is_offered_can_be_chosen(method: str) -> None:
    assert not form(method=method, card_token="PMT_abc").is_valid()


def test_every_form_has_an_attempt_key_of_its_own() -> None:
    first, second = (PayForm(options=OPTIONS, debit=DEBIT, guard=lambda _account: None) for _ in range(2))

    assert first["attempt_key"].value() != second["attempt_key"].value()


def test_the_page_and_the_stored_mandate_say_the_same_words() -> None:
    shown = str(DEBIT.shown(last4="4321"))

    plain = shown.replace('<strong class="money" data-ach-last4>', "").replace(
        '<strong class="money" data-ach-amount>', ""
    )
    assert plain.replace("</strong>", "") == DEBIT.text(last4="4321")


@pytest.mark.parametrize(("version", "words"), [(VERSION, TEXT), (STANDING_VERSION, STANDING_TEXT)])
def test_the_documented_authorisation_is_the_one_that_is_shown(version: str, words: str) -> None:
    page = Path(settings.BASE_DIR, "docs", f"{version}.md").read_text(encoding="utf-8")

    quoted = next(line for line in page.splitlines() if line.startswith("> "))
    assert quoted.removeprefix("> ") == words


def test_the_standing_words_are_stored_as_they_are_shown() -> None:
    terms = StandingTerms(seller="Seller, Inc.", contact="a@b.example", company="Calder Inc.", day=DEBIT.day)

    shown = str(terms.shown(last4="4321")).replace('<strong class="money" data-ach-last4>', "").replace("</strong>", "")
    assert shown == terms.text(last4="4321")
    assert ".." not in shown


def test_a_company_whose_name_ends_with_a_point_leaves_one_point_in_the_words() -> None:
    terms = replace(DEBIT, company="Calder Fabrication Inc.")

    for words in (terms.text(last4="4321"), str(terms.shown(last4="4321"))):
        assert "for Calder Fabrication Inc. I confirm" in words
        assert ".." not in words
