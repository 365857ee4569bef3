"""Buttons on a payment's page that end a fraud review or accept a card check."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words, dialog
from backoffice.forms.review import AcceptForm, ReleaseForm
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant
from oropay.exceptions import ReviewRefused
from oropay.services import check_accept, review_release_start


class ReviewMixin:
    """Part of the payments admin; `Offers` says when each is shown."""

    @dialog(
        title=gettext_lazy("Release from review"),
        form=ReleaseForm,
        permissions=["oropay.release_payment"],
        icon="verified_user",
        variant=ActionVariant.PRIMARY,
    )
    def release(self, request: HttpRequest, form: ReleaseForm) -> Words:
        target = form.target
        if target is None:
            raise ReviewRefused(why=form.unavailable())
        review_release_start(
            held=target[0],
            note=form.cleaned_data["note"],
            by=staff_of(request),
            now=timezone.now(),
            after=form.cleaned_data["after"],
        )
        return _("Release queued. The payment stands once the gateway has confirmed it; this page follows.")

    @dialog(
        title=gettext_lazy("Accept card check"),
        form=AcceptForm,
        permissions=["oropay.release_payment"],
        icon="rule",
        variant=ActionVariant.PRIMARY,
    )
    def accept_check(self, request: HttpRequest, form: AcceptForm) -> Words:
        check = form.target
        if check is None:
            raise ReviewRefused(why=form.unavailable())
        check_accept(check=check, note=form.cleaned_data["note"], by=staff_of(request), now=timezone.now())
        return _("The card check is accepted, and its alert resolved.")
