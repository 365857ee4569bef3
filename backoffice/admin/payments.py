"""Payments: where each one's money is, what happened to it, and what may be done with it now."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin.bankdebits import NoticeMixin
from backoffice.admin.disputes.parts import disputes_table
from backoffice.admin.review import ReviewMixin
from backoffice.dialogs import Words, dialog
from backoffice.display import badge, dash, link, moment, money, numbers, short_id
from backoffice.forms.giveback import RefundForm
from backoffice.forms.money import CancelForm, CaptureForm, Offers, RenewForm
from backoffice.forms.verdict import VerdictForm
from backoffice.fraud import checks_facts
from backoffice.goods import DataFilter, goods_table
from backoffice.lineage import owed, trail_of
from backoffice.mandates import mandate_facts
from backoffice.paid import answer_of
from backoffice.paymentfacts import alerts_table, payment_facts
from backoffice.records import Facts, RecordAdmin, Section, Table, Timeline
from backoffice.scoping import ScopedRelatedFilter, staff_of
from backoffice.timeline import paused_until, sentence_of, timeline
from backoffice.unfolded import ActionVariant, display
from backoffice.worth import ROWS, net_shown, worth_of
from oropay.engine.holds import rest_release
from oropay.exceptions import CancelRefused, CaptureRefused, RenewalRefused, VaultError
from oropay.models import RUNNING, Dispute, Exchange, Method, Payment, RefundReason, TransactionState
from oropay.selectors import payment_for_staff
from oropay.services import (
    cancel_start,
    capture_start,
    give_back_start,
    reauthorize_start,
    verdict_propose,
)
from oropay.vault import Sealed, payload_open

MOVING = RUNNING | {TransactionState.ACTION_REQUIRED, TransactionState.REVIEW, TransactionState.AWAITING_APPROVAL}
"""While a transaction is in one of these, the page looks for news."""


@admin.register(Payment)
class PaymentAdmin(ReviewMixin, NoticeMixin, RecordAdmin):
    empty = gettext_lazy(
        "A payment appears here as soon as a buyer pays an order or an invoice, or staff record a check."
    )
    list_display = ["number", "amount_shown", "net", "money", "customer", "pays", "method", "created"]
    list_filter = [
        "money_state",
        "method",
        ("integration", ScopedRelatedFilter),
        "initiator",
        DataFilter,
        ("created_at", admin.DateFieldListFilter),
    ]
    search_fields = [
        "=id",
        "uuid",
        "parts__payable__number",
        "transactions__reference",
        "transactions__gateway_id",
        "transactions__gateway_reference",
        "customer__name",
    ]
    search_help_text = gettext_lazy("Order or invoice number, our reference, the gateway's id, or the customer")
    list_select_related = ["customer", "integration"]
    actions_detail = ["release", "accept_check", "capture", "renew", "cancel", "refund", "decide", "record_notice"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        rows: QuerySet[Payment] = super().get_queryset(request)
        return rows.prefetch_related("parts__payable", ROWS)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Payment | None:
        """The payment with everything its page shows, read once a request."""
        kept: dict[str, Payment | None] = request.__dict__.setdefault("_payments_shown", {})
        if object_id not in kept:
            user = staff_of(request)
            kept[object_id] = payment_for_staff(user=user, pk=int(object_id)) if object_id.isdigit() else None
        return kept[object_id]

    def possible(self, request: HttpRequest, row: Payment) -> dict[str, object]:
        offers = Offers(row)
        return {
            "release": offers.review(),
            "accept_check": offers.check(),
            "capture": offers.hold(),
            "renew": offers.renewal(),
            "cancel": offers.rest() or offers.cancel(),
            "refund": offers.charges(),
            "decide": offers.undecided(),
            "record_notice": row.method == Method.BANK and row.instrument is not None,
        }

    # --- buttons

    @dialog(
        title=gettext_lazy("Capture"),
        form=CaptureForm,
        permissions=["oropay.capture_payment"],
        icon="download_done",
        variant=ActionVariant.PRIMARY,
    )
    def capture(self, request: HttpRequest, form: CaptureForm) -> Words:
        target = form.target
        if target is None:
            raise CaptureRefused(why=form.unavailable())
        queued = capture_start(
            hold=target[0],
            amount=form.cleaned_data["amount"],
            by=staff_of(request),
            now=timezone.now(),
            after=form.cleaned_data["after"],
            last=form.cleaned_data.get("last", False),
        )
        return _("Capture of {amount} queued. The gateway answers in a few seconds; this page follows.").format(
            amount=form.shown(queued.amount)
        )

    @dialog(
        title=gettext_lazy("Renew the hold"),
        form=RenewForm,
        permissions=["oropay.capture_payment"],
        icon="autorenew",
    )
    def renew(self, request: HttpRequest, form: RenewForm) -> Words:
        target = form.target
        if target is None:
            raise RenewalRefused(why=form.unavailable())
        reauthorize_start(hold=target[0], by=staff_of(request), now=timezone.now(), after=form.cleaned_data["after"])
        return _("The bank is asked to hold it anew. It answers in a few seconds; this page follows.")

    @dialog(
        title=gettext_lazy("Cancel authorization"),
        form=CancelForm,
        permissions=["oropay.cancel_payment"],
        icon="block",
        variant=ActionVariant.WARNING,
    )
    def cancel(self, request: HttpRequest, form: CancelForm) -> Words:
        target = form.target
        if target is None:
            raise CancelRefused(why=form.unavailable())
        if form.rest is not None:
            rest_release(
                hold=target[0],
                reason=RefundReason(form.cleaned_data["reason"]),
                note=form.cleaned_data["note"],
                by=staff_of(request),
                now=timezone.now(),
                after=form.cleaned_data["after"],
            )
            return _("The rest of the hold counts as released. What was captured stays taken.")
        cancel_start(
            transaction=target[0],
            reason=RefundReason(form.cleaned_data["reason"]),
            note=form.cleaned_data["note"],
            by=staff_of(request),
            now=timezone.now(),
            after=form.cleaned_data["after"],
        )
        return _("Cancellation queued. The buyer sees the money released once the gateway has confirmed it.")

    @dialog(
        title=gettext_lazy("Refund"),
        form=RefundForm,
        permissions=["oropay.refund_payment"],
        icon="undo",
        variant=ActionVariant.DANGER,
    )
    def refund(self, request: HttpRequest, form: RefundForm) -> Words:
        way = form.shown_way()
        queued = give_back_start(
            charge=form.charge(),
            lines=form.lines(),
            shown=way,
            reason=RefundReason(form.cleaned_data["reason"]),
            note=form.cleaned_data["note"],
            by=staff_of(request),
            now=timezone.now(),
            after=form.cleaned_data["after"],
        )
        return form.told(queued, way=way)

    @dialog(
        title=gettext_lazy("Decide"),
        form=VerdictForm,
        permissions=["oropay.decide_unknown"],
        icon="gavel",
        variant=ActionVariant.WARNING,
    )
    def decide(self, request: HttpRequest, form: VerdictForm) -> Words:
        verdict_propose(
            row=form.chosen(),
            taken=form.cleaned_data["verdict"] == "taken",
            gateway_id=form.cleaned_data["gateway_id"],
            evidence=form.cleaned_data["evidence"],
            document=form.file_given(),
            by=staff_of(request),
            now=timezone.now(),
        )
        return _("Nothing has moved. Another person must agree; see Approvals.")

    # --- list

    @display(description=gettext_lazy("Payment"), ordering="id")
    def number(self, row: Payment) -> str:
        return f"#{row.pk}"

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def created(self, row: Payment) -> Any:
        return moment(row.created_at)

    @display(description=gettext_lazy("Amount"), ordering="amount")
    def amount_shown(self, row: Payment) -> Any:
        return money(row.amount, row.currency)

    @display(description=gettext_lazy("Net"))
    def net(self, row: Payment) -> Any:
        """What is ours of it now: captured less given back."""
        return net_shown(row)

    @display(description=gettext_lazy("Money"), ordering="money_state")
    def money(self, row: Payment) -> Any:
        return badge(row, "money_state")

    @display(description=gettext_lazy("Pays"))
    def pays(self, row: Payment) -> Any:
        return numbers(row)

    # --- page

    def heading(self, row: Payment) -> str:
        return _("Payment #{number}").format(number=row.pk)

    def heading_amount(self, row: Payment) -> Any:
        return worth_of(row)

    def headline(self, request: HttpRequest, row: Payment) -> Sequence[Any]:
        return (badge(row, "money_state"), row.get_method_display())

    def page_context(self, request: HttpRequest, row: Payment) -> dict[str, Any]:
        now = timezone.now()
        moving = [one for one in row.transactions.all() if one.state in MOVING]
        paused = [one for one in moving if paused_until(one, now=now)]
        waiting = {one.pk for one in paused} | {one.parent_id for one in paused}
        pulse = reverse("admin:oropay_payment_pulse", args=[row.pk], query={"seen": _newest_step(row.pk)})
        return {
            "sentence": sentence_of(row, now=now),
            "pulse": pulse if moving else "",
            "pulse_every": "2s" if any(one.pk not in waiting for one in moving) else "30s",
        }

    def sections(self, request: HttpRequest, row: Payment) -> Iterable[Section]:
        transactions = list(row.transactions.all())
        payloads = request.user.has_perm("oropay.view_exchange")
        yield Facts(_("Details"), payment_facts(row))
        yield Table(
            _("Pays"),
            [_("For"), _("Payment status"), _("Total"), _("This payment")],
            [
                [
                    what,
                    badge(part.payable, "status"),
                    money(part.payable.total, row.currency),
                    money(part.amount, row.currency),
                ]
                for part, what in zip(row.parts.all(), owed(list(row.parts.all())), strict=False)
            ],
            empty=_("What this payment pays will appear here."),
            right=frozenset({2, 3}),
        )
        yield Table(
            _("Transactions"),
            [
                _("ID"),
                _("Type"),
                _("Amount"),
                _("State"),
                _("Date"),
                _("Answer"),
                _("Settled"),
                _("By"),
                _("Gateway id"),
            ],
            [
                [
                    link(one, f"#{one.pk}"),
                    one.get_action_display(),
                    money(one.amount, one.currency),
                    badge(one, "state"),
                    moment(one.created_at),
                    answer_of(one) or dash(),
                    moment(one.settled_at),
                    one.created_by or _("the system"),
                    short_id(one.gateway_id or one.gateway_reference),
                ]
                for one in transactions
            ],
            empty=_("Every conversation with the gateway will appear here."),
            right=frozenset({2}),
        )
        contested = list(Dispute.objects.filter(transaction__payment=row).order_by("pk"))
        if contested:
            yield disputes_table(contested)
        alerts = [alert for one in transactions for alert in one.alerts.all()]
        if alerts:
            yield alerts_table(alerts)
        yield from checks_facts(row)
        yield from goods_table(row)
        if row.mandate is not None:
            yield from mandate_facts(row.mandate)
        yield trail_of(row)
        yield Timeline(
            _("What happened"), timeline(row, payloads=payloads), empty=_("Every step will appear here, with its time.")
        )

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (
            ("<int:payment_id>/pulse/", "oropay_payment_pulse", self.pulse_view),
            ("<int:payment_id>/exchanges/<int:exchange_id>/", "oropay_payment_exchange", self.exchange_view),
        )

    def pulse_view(self, request: HttpRequest, payment_id: int, model_admin: Any = None) -> HttpResponse:
        """Tell the open page to show itself again once anything moved; otherwise nothing."""
        row = Payment.objects.filter(self.scope(request), pk=payment_id).first()
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        moved = str(_newest_step(row.pk)) != request.GET.get("seen", "")
        return HttpResponse(status=204, headers={"HX-Refresh": "true"} if moved else {})

    def exchange_view(
        self, request: HttpRequest, payment_id: int, exchange_id: int, model_admin: Any = None
    ) -> HttpResponse:
        """One question to the gateway and its answer, redacted before they were stored."""
        row = self.row_or_404(request, payment_id)
        exchange = (
            Exchange.objects.filter(transaction__payment=row, pk=exchange_id).select_related("transaction").first()
        )
        if exchange is None:
            raise Http404
        if not request.user.has_perm("oropay.view_exchange"):
            raise PermissionDenied
        try:
            payload: dict[str, Any] = payload_open(Sealed(key_id=exchange.key_id, blob=bytes(exchange.payload)))
        except VaultError as error:
            payload = {"": str(error)}
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "backoffice/exchange.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Exchange about payment #{number}").format(number=row.pk),
                "opts": self.opts,
                "payment": row,
                "exchange": exchange,
                "at": moment(exchange.at),
                "parts": [
                    (name.replace("_", " ").capitalize(), json.dumps(value, indent=2, ensure_ascii=False, default=str))
                    for name, value in payload.items()
                    if value not in ("", None, {}, [])
                ],
            },
        )


def _newest_step(payment_id: int) -> int:
    """What the page has seen of its payment: any move of any transaction raises it."""
    steps = apps.get_model("oropay", "TransactionStep")._default_manager
    newest: int | None = steps.filter(pgh_obj__payment_id=payment_id).aggregate(newest=Max("pgh_id"))["newest"]
    return newest or 0
