"""The webhook part of an integration's page: its address, whether anything comes through it, and what went wrong."""

from typing import Any

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.display import BAD, BUSY, GOOD, dash, list_of, moment, tag
from backoffice.forms.integration import RotateForm
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, display
from oropay.models import Integration, Notification, WebhookCheckState
from oropay.selectors import inbox_of, sync_problems
from oropay.services import webhook_address, webhook_check_start, webhook_rotate

CHECKED = {
    WebhookCheckState.ASKED: BUSY,
    WebhookCheckState.SENT: BUSY,
    WebhookCheckState.ARRIVED: GOOD,
    WebhookCheckState.FAILED: BAD,
}


class CheckForm(DialogForm):
    submit_text = gettext_lazy("Send test")

    def sentence(self) -> Words:
        return _(
            "No money moves. A worker posts a signed test message to the address above, as the gateway would. It "
            "proves the way from the internet to the worker; it does not ask the gateway to send anything."
        )


class WebhookMixin:
    """Fields and buttons for `IntegrationAdmin`."""

    WEBHOOK_FIELDS = ["webhook_url", "last_received", "last_check", "problems"]

    @display(description=gettext_lazy("Webhook address"))
    def webhook_url(self, row: Integration) -> Any:
        return format_html(
            '<span class="office-copy"><code data-copy-source>{}</code>'
            '<button class="office-button" type="button" data-copy>{}</button></span>'
            '<span class="office-quiet">{}</span>',
            webhook_address(integration=row),
            _("Copy"),
            _("Made at the first save and sent to the gateway with every payment. It is a secret."),
        )

    @display(description=gettext_lazy("Last received"))
    def last_received(self, row: Integration) -> Any:
        inbox = inbox_of(integration=row)
        if inbox.last is None:
            return format_html('<span data-state="never">{}</span>', _("Nothing has come yet."))
        return format_html(
            '<span data-state="{}">{} · {} · <a class="office-link" href="{}">{}</a></span>',
            inbox.last.state,
            naturaltime(inbox.last.received_at),
            inbox.last.get_state_display(),
            list_of(Notification, integration__id__exact=row.pk),
            _("all notifications"),
        )

    @display(description=gettext_lazy("Last test"))
    def last_check(self, row: Integration) -> Any:
        check = inbox_of(integration=row).check
        if check is None:
            return dash()
        state = WebhookCheckState(check.state)
        return format_html(
            '{} {} <span class="office-quiet">{}</span>',
            tag(check.get_state_display(), CHECKED[state], state=check.state),
            naturaltime(check.asked_at),
            check.detail,
        )

    @display(description=gettext_lazy("Problems of the last 30 days"))
    def problems(self, row: Integration) -> Any:
        found = sync_problems(integration=row, now=timezone.now())
        if not found:
            return format_html('<span data-state="none">{}</span>', _("None."))
        return format_html(
            '<ul class="office-problems">{}</ul>',
            format_html_join("", "<li>{} · {}</li>", ((moment(problem.at), problem.text) for problem in found)),
        )

    @dialog(
        title=gettext_lazy("New webhook address"),
        form=RotateForm,
        permissions=["oropay.change_integration"],
        icon="autorenew",
        variant=ActionVariant.DEFAULT,
    )
    def rotate_webhook(self, request: HttpRequest, form: RotateForm) -> Words:
        webhook_rotate(integration=form.row)
        return _("The webhook address is new; the old one stopped working.")

    @dialog(
        title=gettext_lazy("Send test"),
        form=CheckForm,
        permissions=["oropay.change_integration"],
        icon="outgoing_mail",
        variant=ActionVariant.DEFAULT,
    )
    def check_webhook(self, request: HttpRequest, form: CheckForm) -> Words:
        webhook_check_start(integration=form.row, by=staff_of(request), now=timezone.now())
        return _("The test is on its way; reload in a few seconds to see whether it arrived.")
