"""The mail that says that a bank debit is on its way and when it is expected to settle, to whoever pays."""

from datetime import datetime

from django.utils.translation import override

from oropay.models import PaymentTransaction
from oropay.services.ach.dates import settles_on
from oropay.services.addressee import addressee_of
from oropay.services.refund_mail import instrument_words
from oropay.words import day_words
from plumbing.services import mail_queue


def debit_mail(*, row: PaymentTransaction, now: datetime) -> None:
    """Queue one mail about a debit that the bank accepted, in the transaction that records it.

    The receipt follows when it has settled; until then the bank may still say no, and the mail says so.
    """
    payment = row.payment
    to = addressee_of(payment=payment)
    if not to.email or payment.instrument is None:
        return
    with override(to.language):
        method = instrument_words(payment.instrument)
        day = day_words(settles_on(payment.organization.today(row.created_at)))
    parts = payment.parts.select_related("payable").order_by("payable_id")
    mail_queue(
        to=to.email,
        template="oropay/mail/debit_on_its_way.txt",
        context={
            "amount": to.written(row.amount, row.currency),
            "method": method,
            "payer": to.payer,
            "day": day,
            "rows": [(part.payable.kind, part.payable.number, to.written(part.amount, row.currency)) for part in parts],
            "seller": payment.organization,
            "link": payment.website.url("storefront:paying", uuid=payment.uuid) if payment.website else "",
        },
        language=to.language,
        now=now,
    )
