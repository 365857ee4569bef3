"""The first page: what came in today, what nobody is sure of, what waits for a person. At most 18 queries."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.background import duration, unswept, unswept_means
from backoffice.clock import zone_shown
from backoffice.display import BAD, GOOD, QUIET, badge, link, list_of, moment, money, numbers, tag
from backoffice.records import Table
from backoffice.scoping import staff_of
from backoffice.worth import ROWS, net_shown
from commerce.models import User
from invoices.models import Invoice, InvoiceState
from oropay.models import (
    Action,
    Alert,
    Approval,
    ApprovalState,
    Dispute,
    DisputeStatus,
    DriftFinding,
    MoneyState,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from oropay.selectors import answers_undelivered, cases_in_charge, due_of
from oropay.services.ach import RATE_WORDS, ReturnRate, return_rates
from plumbing.selectors import late_tasks

TAKING = [Action.CHARGE, Action.CAPTURE, Action.OFFLINE_RECEIPT]


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the dashboard's template needs, of this person's organization."""
    user = staff_of(request)
    mine = Q() if user.is_superuser else Q(organization=user.organization_id)
    now = timezone.now()
    if not request.user.has_perm("oropay.view_payment"):
        return {**context, "tiles": [], "sections": []}
    payments = Payment.objects.filter(mine)
    return {
        **context,
        "tiles": [
            _cash_today(payments, now),
            *_conversations(payments),
            _alerts(payments),
            *_approvals(request, mine),
            *_disputes(request, mine),
            *_differences(request, mine),
            *_unpaid(mine, now, may=request.user.has_perm("invoices.view_invoice")),
            *_silent(mine, now, may=request.user.has_perm("oropay.view_provideraccount")),
            *_unswept(now, may=user.is_superuser),
            *_late(now, may=user.is_superuser),
        ],
        "sections": [
            _last(payments),
            *([_returns(user, now)] if request.user.has_perm("oropay.view_achreturn") else []),
        ],
    }


def _cash_today(payments: Any, now: datetime) -> dict[str, Any]:
    midnight = datetime.combine(timezone.localdate(now), time(), tzinfo=timezone.get_current_timezone())
    sums = (
        PaymentTransaction.objects.filter(
            payment__in=payments, action__in=TAKING, state=TransactionState.APPROVED, ended_at__gte=midnight
        )
        .values("currency")
        .annotate(total=Sum("amount"))
        .order_by("currency")
    )
    return {
        "label": _("Cash in today"),
        "values": [money(row["total"], row["currency"]) for row in sums],
        "none": _("Nothing yet"),
        "detail": _("Charges, captures and recorded receipts since midnight in {zone}.").format(zone=zone_shown()),
        "href": list_of(Payment),
    }


def _waiting(*, label: Any, detail: str, count: int, href: str) -> dict[str, Any]:
    """How many of something wait for a person."""
    return {
        "label": label,
        "values": [count] if count else [],
        "none": _("None"),
        "detail": detail,
        "href": href,
        "variant": "warning" if count else "default",
    }


def _conversations(payments: Any) -> list[dict[str, Any]]:
    """What nobody knows the end of, and what waits for a person's decision."""
    words = {
        MoneyState.UNKNOWN: (
            _("Checking with the bank"),
            _("Sent, and no trustworthy answer yet. They are looked up by themselves."),
        ),
        MoneyState.REVIEW: (
            MoneyState.REVIEW.label,
            _("Held back by the fraud filter or a card check until a person decides."),
        ),
    }
    counts = dict(
        payments.filter(money_state__in=words).order_by().values_list("money_state").annotate(count=Count("pk"))
    )
    return [
        _waiting(
            label=label,
            detail=detail,
            count=counts.get(state.value, 0),
            href=list_of(Payment, money_state__exact=state.value),
        )
        for state, (label, detail) in words.items()
    ]


def _approvals(request: HttpRequest, mine: Q) -> list[dict[str, Any]]:
    if not request.user.has_perm("oropay.view_approval"):
        return []
    return [
        _waiting(
            label=_("Approvals waiting"),
            detail=_("What a second person must agree to. Nothing is done before."),
            count=Approval.objects.filter(mine, state=ApprovalState.WAITING).count(),
            href=list_of(Approval, state__exact=ApprovalState.WAITING.value),
        )
    ]


def _disputes(request: HttpRequest, mine: Q) -> list[dict[str, Any]]:
    if not request.user.has_perm("oropay.view_dispute"):
        return []
    disputes = Dispute.objects.filter(mine)
    waiting = Q(status=DisputeStatus.WITH_MERCHANT)
    undelivered = Q(pk__in=answers_undelivered(disputes=disputes.filter(waiting)).values("pk"))
    in_charge = Q(pk__in=cases_in_charge(disputes=disputes).values("pk"))
    counts = disputes.aggregate(
        all=Count("pk", filter=waiting & in_charge),
        undelivered=Count("pk", filter=undelivered),
        unlinked=Count("pk", filter=Q(transaction=None) & in_charge),
    )
    return [
        _waiting(
            label=_("Disputes to answer"),
            detail=_("A card holder's bank waits for our answer; without one it decides against us."),
            count=counts["all"],
            href=list_of(Dispute, case="answer"),
        ),
        *([_undelivered(counts["undelivered"])] if counts["undelivered"] else []),
        *([_unlinked(counts["unlinked"])] if counts["unlinked"] else []),
    ]


def _undelivered(count: int) -> dict[str, Any]:
    return _waiting(
        label=_("Answers not delivered"),
        detail=_("We answered a dispute, but the gateway has nothing of it. It still waits for us."),
        count=count,
        href=list_of(Dispute, case="undelivered"),
    )


def _unlinked(count: int) -> dict[str, Any]:
    return _waiting(
        label=_("Disputes without a payment"),
        detail=_("Open and closed ones of which nothing is booked, until somebody says which payment each is about."),
        count=count,
        href=list_of(Dispute, case="unlinked"),
    )


def _alerts(payments: Any) -> dict[str, Any]:
    return _waiting(
        label=_("Open alerts"),
        detail=_("Something about money that a person must look at."),
        count=Alert.objects.filter(resolved_at=None, transaction__payment__in=payments).count(),
        href=list_of(Alert, open="yes"),
    )


def _differences(request: HttpRequest, mine: Q) -> list[dict[str, Any]]:
    if not request.user.has_perm("oropay.view_driftfinding"):
        return []
    accounts = ProviderAccount.objects.filter(mine)
    return [
        _waiting(
            label=_("Open differences"),
            detail=_("What the gateway's list says otherwise than ours, compared every night."),
            count=DriftFinding.objects.filter(provider_account__in=accounts, repaired="", resolved_at=None).count(),
            href=list_of(DriftFinding, open="yes"),
        )
    ]


def _unpaid(mine: Q, now: datetime, *, may: bool) -> list[dict[str, Any]]:
    if not may:
        return []
    today = timezone.localdate(now)
    rows = list(
        Invoice.objects.filter(mine, state=InvoiceState.POSTED)
        .annotate(due=due_of("payable__"))
        .filter(due__gt=0)
        .values("currency")
        .annotate(total=Sum("due"), count=Count("pk"), late=Count("pk", filter=Q(due_on__lt=today)))
        .order_by("currency")
    )
    late = sum(row["late"] for row in rows)
    return [
        {
            "label": _("Unpaid invoices"),
            "values": [money(row["total"], row["currency"]) for row in rows],
            "none": _("None"),
            "detail": _("{invoices}, {late} overdue").format(
                invoices=ngettext("{n} invoice", "{n} invoices", count).format(n=count), late=late
            )
            if (count := sum(row["count"] for row in rows))
            else _("Posted invoices that are not paid will appear here."),
            "href": list_of(Invoice, balance="open"),
        }
    ]


def _silent(mine: Q, now: datetime, *, may: bool) -> list[dict[str, Any]]:
    """Accounts that do not answer; nothing while all do."""
    if not may:
        return []
    silent = ProviderAccount.objects.filter(mine, is_active=True, health__silent_since__isnull=False)
    names = list(silent.order_by("name").values_list("name", "health__open_until"))
    if not names:
        return []
    paused = any(until is not None and until > now for _name, until in names)
    return [
        {
            "label": _("Gateway does not answer"),
            "values": [name for name, _until in names],
            "detail": _("Nothing is sent for a moment; buyers are told before they click. One payment then tries.")
            if paused
            else _("Look-ups go on by themselves; the first good answer wakes everything that waits."),
            "href": list_of(ProviderAccount),
            "variant": "warning",
        }
    ]


def _unswept(now: datetime, *, may: bool) -> list[dict[str, Any]]:
    """That the sweep stands still; nothing while it runs."""
    still = unswept(now) if may else ""
    if not still:
        return []
    return [
        {
            "label": still,
            "values": [],
            "none": _("Does beat run?"),
            "detail": unswept_means(),
            "href": reverse("admin:plumbing_job_background"),
            "variant": "warning",
        }
    ]


def _late(now: datetime, *, may: bool) -> list[dict[str, Any]]:
    """Periodic work that is late; nothing while all is on time."""
    late = late_tasks(now) if may else []
    if not late:
        return []
    return [
        {
            "label": _("Background work is late"),
            "values": [duration(late[0].behind)],
            "detail": _("{task} is the latest of {n}.").format(task=late[0].name, n=len(late)),
            "href": reverse("admin:plumbing_job_background"),
            "variant": "warning",
        }
    ]


def _returns(user: User, now: datetime) -> Table:
    """The gauges of returned bank debits, against what Nacha tolerates."""
    organization_id = None if user.is_superuser else user.organization_id
    return Table(
        _("Returned bank debits, 60 days"),
        [_("Why"), _("Returned"), _("Debits"), _("Rate"), _("Limit"), _("State")],
        [
            [
                RATE_WORDS[gauge.rate],
                gauge.returned,
                gauge.debits,
                _("{percent} %").format(percent=gauge.percent),
                _("{percent} %").format(percent=gauge.limit),
                _rate_state(gauge),
            ]
            for gauge in return_rates(organization_id=organization_id, now=now)
        ],
        empty="",
        right=frozenset({1, 2, 3, 4}),
    )


def _rate_state(gauge: ReturnRate) -> Any:
    if gauge.says_little:
        return tag(_("Too few debits to say"), QUIET)
    return tag(_("Too many"), BAD) if gauge.is_crossed else tag(_("Within the limit"), GOOD)


def _last(payments: Any) -> Table:
    rows: Sequence[Payment] = (
        payments.select_related("customer").prefetch_related("parts__payable", ROWS).order_by("-created_at", "-pk")[:10]
    )
    return Table(
        _("Last payments"),
        [_("Payment"), _("Amount"), _("Net"), _("Money"), _("Customer"), _("For"), _("Created")],
        [
            [
                link(row, f"#{row.pk}"),
                money(row.amount, row.currency),
                net_shown(row),
                badge(row, "money_state"),
                row.customer,
                numbers(row),
                moment(row.created_at),
            ]
            for row in rows
        ],
        empty=_("Payments appear here as soon as a buyer pays an order or an invoice."),
        right=frozenset({1, 2}),
    )
