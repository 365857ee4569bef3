"""The button that asks the gateway: it queues a pull, a worker does the rest."""

from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words, leave
from backoffice.display import list_of
from backoffice.forms import fields
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, unfold_action
from oropay.models import ProviderAccount
from reconciliation.models import Expectation
from reconciliation.selectors import organizations_visible_to
from reconciliation.services import pull_queue
from reconciliation.services.pull import days_back


class PullForm(DialogForm):
    days = fields.choice(
        label=gettext_lazy("Deposits of the last"),
        choices=[("7", gettext_lazy("7 days")), ("35", gettext_lazy("35 days")), ("90", gettext_lazy("90 days"))],
    )
    submit_text = gettext_lazy("Pull now")

    def sentence(self) -> Words:
        return _(
            "No money moves. A worker asks the gateway what it settled and paid out, matches it with what we expect "
            "and books new deposits to cash in transit. Asking again adds nothing twice."
        )


DIALOG = {
    "title": gettext_lazy("Pull settlements now"),
    "description": "",
    "form_class": PullForm,
    "form_submit_text": PullForm.submit_text,
}


@unfold_action(
    description=gettext_lazy("Pull now"),
    permissions=["reconciliation.add_pull"],
    icon="sync",
    variant=ActionVariant.PRIMARY,
    dialog=DIALOG,
    url_path="pull-now",
)
def pull_now(self: Any, request: HttpRequest, form: PullForm) -> HttpResponse:
    """Queue a pull of every active account of the sellers this person works for."""
    now = timezone.now()
    since, until = days_back(int(form.cleaned_data["days"]), now=now)
    accounts = ProviderAccount.objects.filter(
        is_active=True, organization__in=organizations_visible_to(user=staff_of(request))
    ).order_by("pk")
    pulls = [
        pull_queue(provider_account=account, since=since, until=until, by=staff_of(request), now=now)
        for account in accounts
    ]
    if pulls:
        messages.success(request, _("Asked the gateway. What is new appears here in a few seconds."))
    else:
        messages.warning(request, _("Nothing to ask: there is no active provider account."))
    return leave(request, list_of(Expectation))


class PullMixin:
    """Gives a list the button. The dialog belongs to the list, so there is no row behind it."""

    actions_list = ["pull_now"]

    @wraps(pull_now)
    def pull_now(self, request: HttpRequest) -> HttpResponse:
        request.dialog_row = None  # type: ignore[attr-defined]
        return pull_now(self, request)  # type: ignore[call-arg]
