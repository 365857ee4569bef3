"""The bases of forms that edit a row."""

from typing import ClassVar

from django import forms

from plumbing.cardnumbers import CardNumbersRefused


class RowForm(CardNumbersRefused, forms.ModelForm):  # type: ignore[type-arg]
    """A model form of a row within another's page, or of any row."""


class OfficeForm(RowForm):
    """A model form that checks unique rules over fields it shows read-only too, so that the database need not fail."""

    always_checked: ClassVar[frozenset[str]] = frozenset({"organization"})

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - self.always_checked if self.instance.pk else excluded
