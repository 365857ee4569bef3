"""Logging in and asking for a new password: allauth's forms, hooked in by the setting ACCOUNT_FORMS."""

from allauth.account import forms

from plumbing.cardnumbers import CardNumbersRefused


class LoginForm(CardNumbersRefused, forms.LoginForm):  # type: ignore[misc]
    card_numbers_allowed = frozenset({"password"})


class ResetPasswordForm(CardNumbersRefused, forms.ResetPasswordForm):  # type: ignore[misc]
    """Whoever forgot a password names an email address, and nothing else."""
