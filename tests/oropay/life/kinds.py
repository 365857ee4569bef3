"""Which kinds of event a life met, read from what it left behind: a night that never met one has not tested it."""

from collections.abc import Mapping

from django.db.models import F, Q

from commerce.models import Organization
from invoices.models import Invoice, InvoiceKind, InvoiceState
from oropay.declines import HELD_BY_GATEWAY
from oropay.models import (
    AUTHENTICATING,
    HOLDS,
    AchReturn,
    Action,
    AuthenticationOutcome,
    Dispute,
    DisputeAction,
    DisputeResult,
    FailureReason,
    Method,
    PaymentTransaction,
    RequestState,
    StepSource,
    TransactionState,
)
from oropay.ports import DebtKind

S = TransactionState
A = Action
BY_CARD, BY_BANK = Q(payment__method=Method.CARD), Q(payment__method=Method.BANK)
LOST_ANSWER = Q(unknown_since__isnull=False)
REVIEW_CANCELED = Q(action=A.CANCEL, state=S.APPROVED, parent__state=S.CANCELED, parent__risk__in=HELD_BY_GATEWAY)

TRANSACTIONS: Mapping[str, Q] = {
    "a card is charged": Q(action=A.CHARGE, state=S.APPROVED, late=False) & BY_CARD,
    "a card is declined": Q(action__in=[A.CHARGE, A.AUTHORIZE], state=S.DECLINED),
    "a card is held": Q(action=A.AUTHORIZE, state=S.APPROVED, late=False),
    "a hold is captured": Q(action=A.CAPTURE, state=S.APPROVED),
    "a hold is captured in parts": Q(action=A.CAPTURE, state=S.APPROVED)
    & Q(parent__children__action=A.CAPTURE, parent__children__state=S.APPROVED, parent__children__pk__lt=F("pk")),
    "a hold is released": Q(action=A.CANCEL, state=S.APPROVED, parent__action__in=HOLDS, created_by__isnull=False),
    "a charge is voided": Q(action=A.CANCEL, state=S.APPROVED, parent__action=A.CHARGE, parent__state=S.APPROVED),
    "a capture is voided": Q(action=A.CANCEL, state=S.APPROVED, parent__action=A.CAPTURE),
    "a charge is refunded": Q(action=A.REFUND, state=S.APPROVED),
    "an order is billed while its refund is under way": Q(
        action=A.REFUND,
        state=S.APPROVED,
        created_at__lt=F("refund_lines__payable__order__billed_at"),
        ended_at__gt=F("refund_lines__payable__order__billed_at"),
    ),
    "a refund that was ruled out turns up": Q(action=A.REFUND, late=True),
    "a bank debit is funded": Q(action=A.CHARGE, state=S.APPROVED) & BY_BANK,
    "a bank debit is rejected": Q(action=A.CHARGE, failure_reason=FailureReason.REJECTED) & BY_BANK,
    "a lost charge is found": Q(action__in=[A.CHARGE, A.AUTHORIZE], state=S.APPROVED) & LOST_ANSWER,
    "a lost follow-up is judged": Q(action__in=[A.CAPTURE, A.CANCEL, A.REFUND], state__in=[S.APPROVED, S.FAILED])
    & LOST_ANSWER,
    "a charge never arrives": Q(action__in=[A.CHARGE, A.AUTHORIZE], failure_reason=FailureReason.NEVER_ARRIVED),
    "a charge arrives late": Q(late=True),
    "a card is credited": Q(action=A.CREDIT, state=S.APPROVED) & BY_CARD,
    "a bank account is credited": Q(action=A.CREDIT, state=S.APPROVED) & BY_BANK,
    "a credit is refused by the second person": Q(action=A.CREDIT, state=S.CANCELED),
    "the answer to a credit is lost": Q(action=A.CREDIT) & LOST_ANSWER,
    "a hold is renewed": Q(action=A.REAUTHORIZE, state=S.APPROVED, late=False),
    "a renewal is refused": Q(action=A.REAUTHORIZE, failure_reason=FailureReason.REFUSED),
    "a lapsed hold is written down as gone": Q(action=A.RELEASE, parent__children__action=A.REAUTHORIZE),
    "the answer to a renewal is lost": Q(action=A.REAUTHORIZE) & LOST_ANSWER,
    "a renewal is captured": Q(action=A.CAPTURE, state=S.APPROVED, parent__action=A.REAUTHORIZE),
    "a bank lets a payment through": Q(
        action=A.CHARGE,
        state=S.APPROVED,
        payment__authentication__outcome=AuthenticationOutcome.AUTHENTICATED,
        payment__authentication__challenged=False,
    ),
    "a challenge is passed": Q(action=A.CHARGE, state=S.APPROVED, payment__authentication__challenged=True),
    "a challenge is failed": Q(action=A.AUTHENTICATE_RESULT, state=S.DECLINED),
    "a challenge is abandoned": Q(action=A.AUTHENTICATE_INITIATE, state=S.EXPIRED),
    "a challenge is left": Q(action=A.AUTHENTICATE_INITIATE, state=S.CANCELED),
    "a bank refuses without asking": Q(action=A.AUTHENTICATE_INITIATE, state=S.DECLINED)
    & Q(payment__authentication__challenged=False),
    "the answer of a bank is lost": Q(action__in=AUTHENTICATING) & LOST_ANSWER,
    "a review of a charge is released": Q(action=A.REVIEW_RELEASE, state=S.APPROVED, parent__action=A.CHARGE),
    "a review of a hold is released": Q(action=A.REVIEW_RELEASE, state=S.APPROVED, parent__action=A.AUTHORIZE),
    "the answer to a release is lost": Q(action=A.REVIEW_RELEASE) & LOST_ANSWER,
    "a review is canceled": REVIEW_CANCELED & Q(created_by__isnull=False),
    "nobody decides a review in time": REVIEW_CANCELED & Q(created_by__isnull=True),
    "a review ends in the portal": Q(action__in=[A.CHARGE, A.AUTHORIZE])
    & (
        Q(state=S.APPROVED, risk="RELEASE_SUCCESSFUL") & ~Q(children__action=A.REVIEW_RELEASE)
        | Q(state=S.CANCELED, risk__in=HELD_BY_GATEWAY, unknown_since=None) & ~Q(children__action=A.CANCEL)
    ),
    "what was released from review is captured": Q(action=A.CAPTURE, state=S.APPROVED)
    & Q(parent__children__action=A.REVIEW_RELEASE, parent__children__state=S.APPROVED),
    "a debit comes back": Q(action=A.RETURN),
    "a debit comes back after its order was billed": Q(action=A.RETURN)
    & Q(created_at__gt=F("payment__parts__payable__invoice__order__billed_at")),
    "a return withdraws a refund": Q(action=A.REFUND, state=S.CANCELED)
    & Q(parent__children__action=A.RETURN, parent__children__created_at=F("ended_at")),
    "a debit that came back is sent again": Q(action=A.CHARGE, payment__retry_of__isnull=False),
}
RETURNS: Mapping[str, Q] = {
    "a return without a code is explained": Q(entered_at__isnull=False),
    "an account that a return froze is let go": Q(freezes__lifted_at__isnull=False),
}
DISPUTES: Mapping[str, Q] = {
    "a dispute is told": Q(steps__source=StepSource.TOLD),
    "a dispute is pulled": Q(steps__source=StepSource.PULLED),
    "a dispute is accepted": Q(result=DisputeResult.ACCEPTED),
    "a dispute is challenged": Q(requests__action=DisputeAction.CHALLENGE, requests__state=RequestState.DONE),
    "a dispute is won": Q(result=DisputeResult.WON),
    "a dispute is lost": Q(result=DisputeResult.LOST),
    "a dispute of an order is lost": Q(transaction__payment__parts__payable__kind="order")
    & Q(transaction__children__children__action=A.CHARGEBACK_LOST),
    "a dispute of an invoice is lost": Q(transaction__payment__parts__payable__kind="invoice")
    & Q(transaction__children__children__action=A.CHARGEBACK_LOST),
    "a loss is written off": Q(result__in=[DisputeResult.LOST, DisputeResult.ACCEPTED], not_pursued=True),
    "our answer to a dispute is lost": Q(requests__unknown_since__isnull=False),
}
INVOICES: Mapping[str, Q] = {
    "an order is billed": Q(kind=InvoiceKind.INVOICE, state=InvoiceState.POSTED),
    "a return costs a fee": Q(cause_kind=DebtKind.RETURN_FEE),
    "a debit comes back of which a part was refunded": Q(cause_kind=DebtKind.RETURNED, cause__action=A.RETURN),
    "a return overtakes a refund": Q(cause_kind=DebtKind.RETURNED, cause__action=A.REFUND),
}

EVERY = frozenset([*TRANSACTIONS, *RETURNS, *DISPUTES, *INVOICES])


def kinds_met(seller: Organization) -> set[str]:
    """What happened to the payments of one seller."""
    rows = PaymentTransaction.objects.filter(payment__organization=seller)
    cases, bills = Dispute.objects.filter(organization=seller), Invoice.objects.filter(organization=seller)
    returns = AchReturn.objects.filter(organization=seller)
    return (
        {name for name, kind in TRANSACTIONS.items() if rows.filter(kind).exists()}
        | {name for name, kind in RETURNS.items() if returns.filter(kind).exists()}
        | {name for name, kind in DISPUTES.items() if cases.filter(kind).exists()}
        | {name for name, kind in INVOICES.items() if bills.filter(kind).exists()}
    )
