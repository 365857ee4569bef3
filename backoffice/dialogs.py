"""Buttons that change something: a dialog that says in one sentence what will happen, a POST, a sentence afterwards.

Opening the dialog is a GET and changes nothing. What a service refuses is shown in the dialog, with what was typed.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect

from backoffice.display import list_of, page_of
from backoffice.unfolded import BaseDialogForm, Words, unfold_action
from checkout.exceptions import CheckoutError
from commerce.exceptions import CommerceError
from invoices.exceptions import InvoiceError
from oropay.exceptions import PaymentError
from plumbing.cardnumbers import CardNumbersRefused
from reconciliation.exceptions import ReconciliationError

__all__ = ["REFUSALS", "DialogForm", "Words", "dialog", "leave", "list_dialog"]

REFUSALS = (PaymentError, InvoiceError, CommerceError, CheckoutError, ReconciliationError, ValidationError)
"""What services say when they change nothing."""


class DialogForm(CardNumbersRefused, BaseDialogForm):
    """The form in a dialog. `row` is the row of the page it was opened from, within the person's scope."""

    form_before_template = "backoffice/_dialog.html"
    submit_text: Words = _("Save")
    back_text: Words = _("Back")
    """On the button that only closes the dialog."""

    row: Any

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("files", request.FILES or None)
        super().__init__(request, object_id, *args, **kwargs)
        self.row = request.dialog_row  # type: ignore[attr-defined]
        self.prepare()

    def prepare(self) -> None:
        """Fit fields to the row: limits, suggestions, choices."""

    def again(self) -> None:
        """Fit the form anew before it is shown again with what the service refused."""

    def sentence(self) -> Words:
        """What will happen to the money when the button is pressed."""
        return ""

    def unavailable(self) -> Words:
        """Why there is nothing to do here, if so: the fields are left out then."""
        return ""

    def drop_fields(self) -> None:
        """Leave the fields out of a dialog in which there is nothing to do; what was sent is left to the service."""
        if not self.is_bound and self.unavailable():
            for name in [name for name in self.fields if not name.startswith("_")]:
                del self.fields[name]

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        return {"sentence": self.sentence(), "unavailable": self.unavailable(), "errors": self.non_field_errors()}


def dialog(
    *,
    title: Words,
    form: type[DialogForm],
    permissions: Sequence[str],
    icon: str | None = None,
    variant: Any = None,
    leads_to: Callable[[Any], str] = page_of,
    secret: Sequence[str] = (),
) -> Callable[[Callable[..., Words]], Any]:
    """Make a method a button of a row's page. It gets the valid form and returns what to tell the person.

    Afterwards the person sees `leads_to` of the form's row, usually its page. `secret` names fields whose values no
    error report may hold.
    """
    shown_as = _shown(title=title, form=form, permissions=permissions, icon=icon, variant=variant)

    def wrap(method: Callable[..., Words]) -> Any:
        shown = shown_as(method, lambda form: leads_to(form.row))

        @wraps(shown)
        def scoped(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            # Who may not view the row cannot open its dialogs either; the decorator then asks for the button's own.
            request.sensitive_post_parameters = list(secret)  # type: ignore[attr-defined]
            row = self.row_or_404(request, object_id)
            request.dialog_row = row  # type: ignore[attr-defined]
            return shown(self, request, object_id=object_id)  # type: ignore[no-any-return]

        return scoped

    return wrap


def list_dialog(
    *,
    title: Words,
    form: type[DialogForm],
    permissions: Sequence[str],
    model: type[Model],
    icon: str | None = None,
    variant: Any = None,
) -> Callable[[Callable[..., Words]], Any]:
    """Make a method a button above a list: as `dialog`, but no row is behind it. Afterwards the list of `model` is
    shown.
    """
    shown_as = _shown(title=title, form=form, permissions=permissions, icon=icon, variant=variant)

    def wrap(method: Callable[..., Words]) -> Any:
        shown = shown_as(method, lambda form: list_of(model))

        @wraps(shown)
        def asked(self: Any, request: HttpRequest) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            request.dialog_row = None  # type: ignore[attr-defined]
            return shown(self, request)  # type: ignore[no-any-return]

        return asked

    return wrap


def _shown(
    *, title: Words, form: type[DialogForm], permissions: Sequence[str], icon: str | None, variant: Any
) -> Callable[[Callable[..., Words], Callable[[DialogForm], str]], Any]:
    """What both kinds of buttons do once their form is valid: run, tell, go on, or show what was refused."""
    box = {"title": title, "description": "", "form_class": form, "form_submit_text": form.submit_text}

    def shown(method: Callable[..., Words], leads_to: Callable[[DialogForm], str]) -> Any:
        def run(self: Any, request: HttpRequest, form: DialogForm, object_id: str = "") -> HttpResponse:
            try:
                told = method(self, request, form)
            except REFUSALS as refused:
                form.again()
                form.add_error(None, refused if isinstance(refused, ValidationError) else str(refused))
                return render(
                    request,
                    "unfold/helpers/dialog.html",
                    {"dialog": box, "form": form, "form_submit_text": form.submit_text},
                )
            messages.success(request, str(told))
            return leave(request, leads_to(form))

        run.__name__ = method.__name__
        return unfold_action(
            description=title, permissions=permissions, icon=icon, variant=variant, dialog=box, url_path=_path(method)
        )(run)

    return shown


def leave(request: HttpRequest, address: str) -> HttpResponse:
    """Go on to a page: from inside a dialog the browser must be told to leave the page it is on."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address)


def _path(method: Callable[..., Words]) -> str:
    return method.__name__.strip("_").replace("_", "-")
