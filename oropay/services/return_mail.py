"""The mail that says that the bank took a debit back, to whoever had paid."""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import override

from oropay.models import Action, PaymentTransaction
from oropay.returncodes import ReturnCode
from oropay.services.addressee import addressee_of
from oropay.services.refund_mail import instrument_words
from plumbing.services import mail_queue


def return_mail(*, row: PaymentTransaction, reason: ReturnCode, fee: Decimal, now: datetime) -> None:
    """Queue one mail about a debit that came back, in the transaction that records it: what is due again and why.

    `row` is the return of a settled debit, or the charge that was rejected before it was funded.
    """
    payment = row.payment
    to = addressee_of(payment=payment)
    if not to.email:
        return
    with override(to.language):
        why = str(reason.buyer)
        method = instrument_words(payment.instrument) if payment.instrument is not None else ""
    parts = payment.parts.select_related("payable").order_by("payable_id")
    mail_queue(
        to=to.email,
        template="oropay/mail/returned.txt",
        context={
            "amount": to.written(row.amount, row.currency),
            "settled": row.action == Action.RETURN,
            "method": method,
            "payer": to.payer,
            "why": why,
            "fee": to.written(fee, row.currency) if fee > 0 else "",
            "rows": [(part.payable.kind, part.payable.number, to.written(part.amount, row.currency)) for part in parts],
            "seller": payment.organization,
            "link": payment.website.url("storefront:paying", uuid=payment.uuid) if payment.website else "",
        },
        language=to.language,
        now=now,
    )
