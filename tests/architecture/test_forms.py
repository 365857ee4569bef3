"""Every form of the faces refuses card numbers, but for a few fields that are made for other long numbers."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.forms import BaseForm

from plumbing.cardnumbers import CardNumbersRefused
from tests.architecture.sources import FACES

ALLOWED = {
    "LoginForm": {"password"},
    "NoticeForm": {"account_number", "account_number_again", "routing_number"},
    "PayForm": {"bank_account", "bank_account_again", "bank_routing"},
    "ProductForm": {"sku"},
}
"""Account numbers are sealed at once and never shown again, passwords neither; an SKU may be an article's GTIN."""


@pytest.fixture(scope="module")
def ours() -> list[type[BaseForm]]:
    for face in FACES:
        package = importlib.import_module(face)
        for module in pkgutil.walk_packages(package.__path__, f"{face}."):
            importlib.import_module(module.name)
    return [form for form in _below(BaseForm) if form.__module__.split(".")[0] in FACES]


def test_every_form_refuses_card_numbers(ours: list[type[BaseForm]]) -> None:
    assert len(ours) > 50
    assert [f"{form.__module__}.{form.__name__}" for form in ours if not issubclass(form, CardNumbersRefused)] == []


def test_every_page_and_inline_of_the_back_office_has_such_a_form() -> None:
    pages: list[Any] = list(admin.site._registry.values())
    inlines = [inline for page in pages for inline in page.inlines]

    assert [page for page in [*pages, *inlines] if not issubclass(page.form, CardNumbersRefused)] == []


def test_only_fields_made_for_other_long_numbers_may_hold_what_looks_like_one(ours: list[type[BaseForm]]) -> None:
    named = [form for form in ours if "card_numbers_allowed" in vars(form)]

    assert {form.__name__: set(vars(form)["card_numbers_allowed"]) for form in named} == ALLOWED


def _below(kind: type[BaseForm]) -> Iterator[type[BaseForm]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
