"""The mail that says that money was given back, to whoever had paid."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from oropay.models import Instrument, InstrumentKind, Payable, PaymentTransaction, RefundLine
from oropay.services.addressee import addressee_of
from plumbing.services import mail_queue


def refund_mail(*, refund: PaymentTransaction, heard_by: Payable | None, now: datetime) -> None:
    """Queue one mail about an approved refund, in the transaction that records it.

    The owner of every payable a refund is taken from hears of it and calls this with its own payable (None: the refund
    is taken from credit alone); the first of them writes the mail about all of it.
    """
    payment = refund.payment
    lines = list(RefundLine.objects.filter(refund=refund).select_related("payable").order_by("pk"))
    speaks = next((line.payable_id for line in lines if line.payable_id is not None), None)
    if speaks != (heard_by.pk if heard_by is not None else None):
        return
    to = addressee_of(payment=payment)
    if not to.email:
        return
    with override(to.language):
        method = (
            instrument_words(payment.instrument)
            if payment.instrument is not None
            else str(payment.get_method_display())
        )
    mail_queue(
        to=to.email,
        template="oropay/mail/refund.txt",
        context={
            "amount": to.written(refund.amount, refund.currency),
            "method": method,
            "payer": to.payer,
            "rows": [
                (
                    line.source,
                    line.payable.number if line.payable else "",
                    to.written(line.amount, refund.currency),
                )
                for line in lines
            ],
            "seller": payment.organization,
            "link": payment.website.url("storefront:paying", uuid=payment.uuid) if payment.website else "",
        },
        language=to.language,
        now=now,
    )


def instrument_words(instrument: Instrument) -> str:
    """A card or bank account as papers and mails name it, such as "Visa ···· 4242"."""
    if instrument.kind == InstrumentKind.CARD:
        return f"{instrument.brand.title() or _('Card')} ···· {instrument.last4}".strip()
    return f"{instrument.bank_name or _('Bank account')} ···· {instrument.last4} (ACH)"
