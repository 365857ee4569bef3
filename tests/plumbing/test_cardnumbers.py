"""What looks like a card number, and what people write that does not."""

import uuid
from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st

from plumbing.cardnumbers import REFUSAL, CardNumbersRefused, holds_card_number

VISA = "4263970000005262"


@pytest.mark.parametrize(
    "text",
    [
        VISA,
        "4222222222222",  # Visa of 13 digits
        "5425230000004415",
        "2223003122003222",
        "374101000000608",
        "6011000000000087",
        "30569309025904",  # Diners Club
        "3566000000000000",
        "6200000000000005",
        "6304000000000000",  # Maestro
        "4263 9700 0000 5262",
        "4263-9700-0000-5262",
        "4263 – 9700 – 0000 – 5262",
        "4263.9700.0000.5262",
        "4263\u00a09700\u00a00000\u00a05262",
        "4263\u200b9700\u200b0000\u200b5262",
        VISA.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}),  # of full width
        VISA.translate({ord(digit): ord(digit) + 0x0630 for digit in "0123456789"}),  # Arabic digits
        "3741 010000 00608",
        "Visa4263970000005262",
        "please use 4263970000005262, exp 12/30, thank you",
        "4263 9700 0000 5262 12/30 123",
        "PO 7 / 4263 9700 0000 5262",
        "+4263970000005262",  # too long for a phone number
    ],
)
def test_card_numbers_are_recognised_however_they_are_written(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Visa ···· 5262",
        "4263970000005263",  # its check digit is wrong
        "9999999999999995",  # of no brand
        "42639700000052620000",  # too long
        "426397000000",  # too short
        "INV-2026-000123, INV-2026-000124",
        "4000 4001 4002, 4003",
        "4111, 1111, 1111, 1111",
        "4111\n1111\n1111\n1111",
        "40001234 40001244",  # two numbers of eight digits, not one of sixteen
        "+49 1512 3456780",
        "+4915123456780",
        "4006381333931",  # a GTIN that passes as Visa but for its own check digit
        "2026-11-28 12:00:00",
        "$1,234,567.00",
        "routing 122000030",
        "PMT_4263970000005262",
        "a1b2c3d4-1234-4567-8901-123456789012",
    ],
)
def test_what_people_write_otherwise_is_let_through(text: str) -> None:
    assert not holds_card_number(text)


@given(st.uuids())
def test_a_uuid_is_no_card_number(name: uuid.UUID) -> None:
    assert not holds_card_number(str(name))


class Order(CardNumbersRefused, forms.Form):
    card_numbers_allowed = frozenset({"account"})

    po_number = forms.CharField(max_length=10)
    notes = forms.CharField(required=False, widget=forms.Textarea)
    amount = forms.DecimalField(required=False)
    holder = forms.CharField(required=False, widget=forms.HiddenInput)
    account = forms.CharField(required=False)
    proof = forms.FileField(required=False)


def posted(**data: str) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update({"po_number": "PO-7", **data})
    query._mutable = False
    return query


def proof(file: SimpleUploadedFile) -> "MultiValueDict[str, UploadedFile[Any]]":
    return MultiValueDict({"proof": [file]})


@pytest.mark.parametrize("name", ["po_number", "notes", "amount"])
def test_a_field_that_holds_one_is_refused_alone_and_shown_empty(name: str) -> None:
    form = Order(posted(**{"notes": "Ring twice", name: VISA}))

    assert not form.is_valid()
    assert form.errors == {name: [str(REFUSAL)]}
    assert name not in form.cleaned_data
    page = str(form)
    assert VISA not in page
    assert name == "notes" or "Ring twice" in page


def test_what_is_wrong_with_a_hidden_field_is_said_above_the_form() -> None:
    form = Order(posted(holder=VISA))

    assert form.errors == {"__all__": [str(REFUSAL)]}
    assert VISA not in str(form)


def test_a_number_in_a_field_made_for_such_numbers_is_kept() -> None:
    form = Order(posted(account=VISA))

    assert form.is_valid()
    assert form.cleaned_data["account"] == VISA


def test_the_name_of_a_file_is_read_and_its_content_is_not() -> None:
    statement = Order(posted(), proof(SimpleUploadedFile("statement.txt", VISA.encode())))
    named = Order(posted(), proof(SimpleUploadedFile(f"{VISA}.txt", b"nothing")))

    assert statement.is_valid()
    assert named.errors == {"proof": [str(REFUSAL)]}


def test_the_request_itself_is_left_as_it_came() -> None:
    data = posted(notes=VISA)

    assert not Order(data).is_valid()
    assert data["notes"] == VISA
