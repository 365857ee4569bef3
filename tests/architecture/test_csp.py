"""Every page has exactly one content security policy, and this is the list of those that are not strict."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from storefront.csp import Policy, header, policy_of

NOT_STRICT = {
    "storefront:checkout_review": Policy.CARD,
    "storefront:order_pay": Policy.CARD,
    "storefront:invoice_pay": Policy.CARD,
    "storefront:payment_method_add": Policy.CARD,
    "api:threeds_method": Policy.RETURN,
    "api:threeds_challenge": Policy.RETURN,
    "storefront:paying": Policy.PAYING,
    "storefront:paying_state": Policy.PAYING,
}
"""Pages with a card form let the gateway's origin in; the Paying page also the bank's pages of 3-D Secure, which return
to pages that we alone may frame."""


class Match:
    """What `policy_of` reads of a resolved address."""

    def __init__(self, pattern: URLPattern, app_names: list[str]) -> None:
        self.func = pattern.callback
        self.app_names = app_names


def pages(resolver: URLResolver, app_names: tuple[str, ...] = ()) -> Iterator[tuple[str, Match]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*app_names, entry.app_name) if entry.app_name else app_names
            yield from pages(entry, inner)
        else:
            name = ":".join([*app_names, entry.name or str(entry.pattern)])
            yield name, Match(entry, list(app_names))


EVERY_PAGE = dict(pages(get_resolver()))


@pytest.mark.parametrize("name", sorted(EVERY_PAGE))
def test_every_page_has_the_policy_it_should_have(name: str) -> None:
    wanted = Policy.ADMIN if name.startswith("admin:") else NOT_STRICT.get(name, Policy.STRICT)

    assert policy_of(EVERY_PAGE[name]) == wanted  # type: ignore[arg-type]


def test_the_pages_that_are_not_strict_exist() -> None:
    assert set(NOT_STRICT) <= set(EVERY_PAGE)


def test_an_address_that_leads_nowhere_is_strict() -> None:
    assert policy_of(None) == Policy.STRICT


def test_only_the_back_office_may_evaluate_or_style_inline() -> None:
    for policy in Policy:
        text = header(policy=policy, nonce="n", gateway="https://gateway.example")
        assert ("unsafe" in text) == (policy == Policy.ADMIN), policy


def test_strict_lets_nobody_else_in() -> None:
    text = header(policy=Policy.STRICT, nonce="abc", gateway="https://gateway.example")

    assert "gateway.example" not in text
    assert "https:" not in text
    assert "script-src 'nonce-abc';" in text
    assert "frame-ancestors 'none'" in text


def test_a_card_form_adds_the_gateway_and_nothing_else() -> None:
    strict = header(policy=Policy.STRICT, nonce="abc", gateway="https://gateway.example")
    card = header(policy=Policy.CARD, nonce="abc", gateway="https://gateway.example")

    assert card.replace(" https://gateway.example", "").replace("frame-src;", "frame-src 'none';") == strict


def test_the_paying_page_adds_what_3d_secure_needs() -> None:
    text = header(policy=Policy.PAYING, nonce="abc", gateway="https://gateway.example")

    assert "frame-src https://gateway.example 'self' https:;" in text
    assert "form-action 'self' https:;" in text
    assert "img-src 'self' data:;" in text


def test_a_3d_secure_return_is_framed_by_ourselves_only() -> None:
    assert header(policy=Policy.RETURN, nonce="n", gateway="g").endswith("frame-ancestors 'self'")


def test_no_template_of_the_storefront_has_inline_code() -> None:
    found = []
    for path in Path(settings.BASE_DIR, "storefront", "templates").rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        if re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:|<script(?![^>]*\ssrc=)", html):
            found.append(path.name)
        found += [path.name for tag in re.findall(r"<script[^>]*>", html) if "nonce=" not in tag]
    assert found == []
