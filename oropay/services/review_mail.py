"""The mail that says that a payment was not accepted after its review, to whoever wanted to pay."""

from datetime import datetime

from django.utils.translation import override

from oropay.declines import DECLINES
from oropay.models import CardCheck, PaymentTransaction, Ruling
from oropay.services.addressee import addressee_of
from plumbing.services import mail_queue


def review_mail(*, row: PaymentTransaction, now: datetime) -> None:
    """Queue one mail about a hold or charge that ended without money, in the transaction that records it.

    The page had promised it: "we will tell you". What our own card-check policy refuses is no review: its buyer reads
    of it on the page within seconds. One that is released is told of by what follows: an order, a receipt.
    """
    if CardCheck.objects.filter(transaction=row, ruling=Ruling.REFUSED).exists():
        return
    payment = row.payment
    to = addressee_of(payment=payment)
    if not to.email:
        return
    with override(to.language):
        why = str(DECLINES["review_canceled"].buyer)
    parts = payment.parts.select_related("payable").order_by("payable_id")
    mail_queue(
        to=to.email,
        template="oropay/mail/review_ended.txt",
        context={
            "amount": to.written(row.amount, row.currency),
            "payer": to.payer,
            "why": why,
            "rows": [(part.payable.kind, part.payable.number, to.written(part.amount, row.currency)) for part in parts],
            "seller": payment.organization,
            "link": payment.website.url("storefront:paying", uuid=payment.uuid) if payment.website else "",
        },
        language=to.language,
        now=now,
    )
