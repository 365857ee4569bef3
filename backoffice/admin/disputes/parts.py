"""Parts of a dispute's page: its facts, what it paid, what it did to money, our answers, words for its state."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import badge, dash, due, link, moment, money
from backoffice.lineage import owed
from backoffice.records import Table
from commerce.money import format_money
from oropay.engine.disputes import split_shown
from oropay.exceptions import VaultError
from oropay.models import (
    REQUEST_VOID,
    Dispute,
    DisputeEvidence,
    DisputeRequest,
    DisputeResult,
    DisputeStage,
    DisputeStatus,
    PaymentTransaction,
    RequestState,
)
from oropay.selectors import linked_twin
from oropay.services.dispute import size_words
from oropay.vault import Sealed, payload_open


def state_of(row: Dispute) -> SafeString:
    """Whose turn it is; of a closed dispute, how it ended."""
    return badge(row, "status") if row.is_open or not row.result else badge(row, "result")


SENTENCES = {
    DisputeStatus.WITH_MERCHANT: gettext_lazy(
        "The card holder's bank has taken {amount}. Accept that, or challenge it with evidence; without an answer it "
        "is lost."
    ),
    DisputeStatus.UNDER_REVIEW: gettext_lazy(
        "Others decide now. Won, {amount} comes back with a deposit; lost, what it had paid is owed again."
    ),
}
ENDED = {
    DisputeResult.WON: gettext_lazy("{amount} is ours: what was taken comes back with one of the gateway's deposits."),
    DisputeResult.LOST: gettext_lazy("{amount} is gone."),
    DisputeResult.ACCEPTED: gettext_lazy("{amount} was given up."),
    DisputeResult.FULFILLED: gettext_lazy("The bank's question is answered. A chargeback may still follow."),
}


def sentence_of(row: Dispute) -> str:
    """What the dispute means for the money now."""
    twin = linked_twin(dispute=row)
    if twin is not None:
        kept = _("The account “{name}” keeps this dispute with its payment: it is answered and booked there, not here.")
        return " ".join(part for part in (kept.format(name=twin.provider_account.name), _answered(row)) if part)
    amount = format_money(row.amount, row.currency)
    found = SENTENCES.get(row.status) if row.is_open else ENDED.get(row.result)  # type: ignore[call-overload]
    said = str(found).format(amount=amount) if found else ""
    if row.stage == DisputeStage.RETRIEVAL and row.is_open:
        said = _("No money has moved: the bank asks for proof of the sale. Answer it with one document.")
    unlinked = _("We do not know which payment it is about: nothing is booked until it is linked.")
    return " ".join(part for part in (said, _answered(row), unlinked if row.transaction_id is None else "") if part)


def _answered(row: Dispute) -> str:
    """What became of our answer, while the dispute still waits for one."""
    newest = row.requests.filter(created_at__gte=row.stage_at).order_by("pk").last()
    if newest is None or not row.is_ours_to_answer:
        return ""
    if newest.is_turned_away:
        return _(
            "Our answer has not been sent: the gateway refuses us, or our keys cannot be opened ({why}). Check keys "
            "and permissions of the provider account; it is tried again by itself until shortly before the deadline."
        ).format(why=newest.error_code)
    if newest.waits:
        return _("Our answer has not been sent: the gateway could not be reached. It is tried again by itself.")
    if newest.state == RequestState.FAILED:
        return _("Our last answer is not in effect: {why}.").format(why=newest.get_failure_display())
    return ""


def deadline(row: Dispute, *, now: datetime) -> SafeString:
    if row.respond_by is None or not row.is_ours_to_answer:
        return dash()
    organization = row.organization
    return due(organization.today(row.respond_by), organization.today(now))


def facts(row: Dispute) -> list[tuple[Any, Any]]:
    charge = row.transaction
    twin = linked_twin(dispute=row)
    return [
        *([(_("Kept by"), link(twin, twin.provider_account.name))] if twin is not None else []),
        (_("Answer by"), moment(row.respond_by) if row.respond_by and row.is_ours_to_answer else dash()),
        (_("Reason"), " · ".join(part for part in (row.reason_code, row.reason) if part) or dash()),
        (_("Customer"), link(charge.payment.customer) if charge else dash()),
        (_("Payment"), link(charge.payment, f"#{charge.payment_id}") if charge else dash()),
        (_("Charge"), link(charge) if charge else dash()),
        (_("Card"), f"{row.brand.title()} ···· {row.last4}".strip() if row.last4 else dash()),
        (_("Acquirer reference (ARN)"), row.arn or dash()),
        (_("Reference at the gateway"), row.reference or dash()),
        (_("Order at the gateway"), row.order_reference or dash()),
        (_("Case at the gateway"), row.gateway_id),
        (_("Provider account"), link(row.provider_account)),
        (_("Looked after by"), str(row.owner) if row.owner else dash()),
        (_("If lost"), _("written off") if row.not_pursued else _("owed again")),
        (_("Opened"), moment(row.opened_at)),
        (_("Stage since"), moment(row.stage_at)),
        (_("Last read"), moment(row.read_at)),
    ]


def paid(row: Dispute) -> Table:
    parts = split_shown(dispute=row)
    shown = (
        list(row.transaction.payment.parts.select_related("payable").order_by("payable_id")) if row.transaction else []
    )
    return Table(
        _("What it paid"),
        [_("For"), _("Of this dispute"), _("Paid"), _("Disputed"), _("Owed")],
        [
            [
                what,
                money(share, row.currency),
                money(payable.paid, row.currency),
                money(payable.disputed, row.currency),
                money(payable.due, row.currency),
            ]
            for (payable, share), what in zip(parts, owed(shown), strict=False)
        ],
        empty=_("What the disputed payment had paid appears here once the payment is known."),
        right=frozenset({1, 2, 3, 4}),
    )


def moved(row: Dispute) -> Table:
    charge = row.transaction
    moved = (
        charge.payment.transactions.filter(gateway_id=row.gateway_id).select_related("expectation").order_by("pk")
        if charge
        else []
    )
    return Table(
        _("What it did to money"),
        [_("Transaction"), _("Amount"), _("Booked"), _("At the gateway's deposit")],
        [
            [
                link(one, one.get_action_display()),
                money(one.amount, one.currency),
                moment(one.created_at),
                _expected(one),
            ]
            for one in moved
        ],
        empty=_("No money has moved in our books. Chargebacks, and what comes back of them, appear here."),
        right=frozenset({1}),
    )


def _expected(one: PaymentTransaction) -> SafeString:
    """What the gateway's deposits must show of it; a loss moves nothing there."""
    found = getattr(one, "expectation", None)
    return link(found, f"{found.get_kind_display()} {format_money(found.amount, found.currency)}") if found else dash()


def answers(row: Dispute) -> Table:
    return Table(
        _("Our answers"),
        [_("Answer"), _("State"), _("Documents"), _("Decided"), _("By"), _("Gateway")],
        [
            [
                one.get_action_display(),
                _answer_state(one),
                format_html_join(SafeString("<br>"), "{}", ((file_link(row, piece),) for piece in one.evidence.all()))
                or dash(),
                moment(one.created_at),
                one.created_by,
                " · ".join(part for part in (one.get_failure_display(), one.error_code, one.message) if part) or dash(),
            ]
            for one in row.requests.select_related("created_by").prefetch_related("evidence__document").order_by("pk")
        ],
        empty=_("What we answer appears here, and whether it arrived."),
    )


def _answer_state(one: DisputeRequest) -> SafeString:
    """Of an answer that could not be sent: when it is tried again."""
    if not one.waits:
        return badge(one, "state")
    words = _("try {n} failed; the next:").format(n=one.tries)
    return format_html("{}<br>{} {}", badge(one, "state"), words, moment(one.next_at))


def file_link(row: Dispute, one: DisputeEvidence) -> SafeString:
    address = reverse("admin:oropay_dispute_evidence", args=[row.pk, one.pk])
    return format_html('<a class="office-link" href="{}">{}</a>', address, one.document.name)


def _evidence_state(one: DisputeEvidence, *, limit: str) -> str:
    states = {request.state for request in one.requests.all()}.difference(REQUEST_VOID)
    if states - {RequestState.DONE.value}:
        return _("on its way")
    if states:
        return _("sent")
    if one.withdrawn_at is not None:
        return _("withdrawn")
    if one.document.size > settings.OROPAY_DISPUTE_DOCUMENT_BYTES:
        return _("too large to send: the gateway takes {limit}").format(limit=limit)
    return _("ready to be sent")


def payload_of(row: Dispute) -> str:
    step = row.steps.latest("pk")
    try:
        payload: dict[str, Any] = payload_open(Sealed(key_id=step.key_id, blob=bytes(step.payload)))
    except VaultError as error:
        return str(error)
    return json.dumps(payload.get("response", {}), indent=2, ensure_ascii=False)


def evidence(row: Dispute) -> Table:
    limit = size_words(settings.OROPAY_DISPUTE_DOCUMENT_BYTES)
    found = row.evidence.select_related("document", "added_by").prefetch_related("requests").defer("document__content")
    return Table(
        _("Evidence"),
        [_("File"), _("Type"), _("Description"), _("Size"), _("Added"), _("By"), _("State")],
        [
            [
                file_link(row, one),
                one.get_type_display(),
                one.description or dash(),
                size_words(one.document.size),
                moment(one.added_at),
                one.added_by,
                _evidence_state(one, limit=limit),
            ]
            for one in found
        ],
        empty=_("Documents that prove the sale appear here: add the receipt, the proof of delivery, your mails."),
        right=frozenset({3}),
    )


def disputes_table(contested: Sequence[Dispute]) -> Table:
    """The disputes of one payment, on its page."""
    return Table(
        _("Disputes"),
        [_("Case"), _("Amount"), _("State"), _("Reason"), _("Opened")],
        [
            [
                link(one, one.get_stage_display()),
                money(one.amount, one.currency),
                state_of(one),
                one.reason or one.reason_code or dash(),
                moment(one.opened_at),
            ]
            for one in contested
        ],
        empty="",
        right=frozenset({1}),
    )
