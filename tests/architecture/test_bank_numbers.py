"""Bank account numbers are typed at the places that ADR 14 names, and at no other."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django import forms

from backoffice.forms.bankdebits import SECRET
from storefront.pay import SENSITIVE
from tests.architecture.sources import FACES, ROOT, files

NUMBERS = {
    "storefront.forms.pay.PayForm.bank_account",
    "storefront.forms.pay.PayForm.bank_account_again",
    "backoffice.forms.bankdebits.NoticeForm.account_number",
    "backoffice.forms.bankdebits.NoticeForm.account_number_again",
    "backoffice.forms.bankdebits.NoticeFileForm.document",
}
"""Each takes the number of a bank account: as ADR 14 lists them."""

OTHERS = {
    "storefront.forms.pay.PayForm.bank_holder_name": "whose account it is",
    "storefront.forms.pay.PayForm.bank_routing": "names a bank, not an account",
    "backoffice.forms.bankdebits.NoticeForm.routing_number": "names a bank, not an account",
    "backoffice.forms.bankdebits.MandateForm.document": "a recording or a signed paper; evidence, kept as a document",
    "backoffice.forms.verdict.VerdictForm.document": "evidence about a payment, kept as a document",
    "backoffice.forms.dispute.answers.EvidenceForm.uploads": "evidence about a dispute, kept as a document",
}
"""Fields that look alike, and what they take."""

LOOKS_LIKE_ONE = re.compile(r"account|bank|iban|routing", re.IGNORECASE)
ADR = Path(ROOT, "docs", "adr", "0014-where-bank-numbers-are-typed.md")
TYPED = "97531246800"


def _import_faces() -> None:
    for face in FACES:
        package = importlib.import_module(face)
        for module in pkgutil.walk_packages(package.__path__, f"{face}."):
            importlib.import_module(module.name)


def _forms(of: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    for form in of.__subclasses__():
        yield form
        yield from _forms(form)


def _fields() -> dict[str, forms.Field]:
    """Every field of a form of ours, by the form that declares it."""
    _import_faces()
    return {
        f"{form.__module__}.{form.__qualname__}.{name}": field
        for form in _forms()
        if form.__module__.partition(".")[0] in FACES
        for name, field in form.base_fields.items()  # type: ignore[attr-defined]
        if not any(name in getattr(base, "base_fields", {}) for base in form.__mro__[1:])
    }


def _could_take_one(name: str, field: forms.Field) -> bool:
    """A file, or text with a name or a label like that; a choice takes only what it offers."""
    if isinstance(field, forms.FileField):
        return True
    words = f"{name.rpartition('.')[2]} {field.label or ''}"
    return isinstance(field, forms.CharField) and LOOKS_LIKE_ONE.search(words) is not None


def test_bank_numbers_are_typed_only_where_the_decision_says() -> None:
    found = {name for name, field in _fields().items() if _could_take_one(name, field)}

    assert found == NUMBERS | set(OTHERS)


def test_the_decision_names_every_place() -> None:
    words = ADR.read_text()

    assert [name for name in NUMBERS if name.split(".")[-2] not in words or name.split(".")[-1] not in words] == []


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_a_number_is_never_written_into_a_page_again(name: str) -> None:
    field = _fields()[name]

    html = field.widget.render(name.rpartition(".")[2], TYPED, attrs={})

    assert TYPED not in html
    if not isinstance(field, forms.FileField):
        assert 'autocomplete="off"' in html


def test_every_number_is_named_to_those_who_write_error_reports() -> None:
    typed = {name.rpartition(".")[2] for name in NUMBERS if not isinstance(_fields()[name], forms.FileField)}

    assert typed <= {*SENSITIVE, *SECRET}


def test_no_page_holds_a_field_for_a_number_that_no_form_made() -> None:
    found = []
    for path in files(*FACES, pattern="*.html"):
        for tag in re.findall(r"<(?:input|textarea)\b[^>]*>", path.read_text()):
            name = re.search(r'\bname="([^"{]+)"', tag)
            if name is not None and LOOKS_LIKE_ONE.search(name[1]):
                found.append(f"{path.relative_to(ROOT)}: {name[1]}")

    assert found == []


def test_posted_values_are_read_by_forms_alone() -> None:
    """A view that reads a field by itself would be a place that no list of forms shows."""
    found = [
        f"{path.relative_to(ROOT)}: {read}"
        for path in files(*FACES)
        for read in re.findall(r"\.POST(?:\.get\(|\.getlist\(|\[)\s*f?[\"']([^\"']+)", path.read_text())
        if LOOKS_LIKE_ONE.search(read)
    ]

    assert found == []
