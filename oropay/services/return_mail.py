"""The mail that says that the bank took a debit back, to whoever had paid."""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import override

from commerce.money import format_money, locale_of
from oropay.models import Action, PaymentTransaction
from oropay.returncodes import ReturnCode
from oropay.services.refund_mail import instrument_words
from plumbing.services import mail_queue


def return_mail(*, row: PaymentTransaction, reason: ReturnCode, fee: Decimal, now: datetime) -> None:
    """Queue one mail about a debit that came back, in the transaction that records it: what is due again and why.

    `row` is the return of a settled debit, or the charge that was rejected before it was funded.
    """
    payment = row.payment
    payer = payment.created_by if payment.created_by is not None and not payment.created_by.is_staff else None
    to = payer.email if payer is not None else payment.customer.email
    if not to:
        return
    language = payment.website.language if payment.website is not None else "en-us"

    def written(amount: Decimal) -> str:
        return format_money(amount, row.currency, locale_of(language))

    with override(language):
        why = str(reason.buyer)
        method = instrument_words(payment.instrument) if payment.instrument is not None else ""
    parts = payment.parts.select_related("payable").order_by("payable_id")
    mail_queue(
        to=to,
        template="oropay/mail/returned.txt",
        context={
            "amount": written(row.amount),
            "settled": row.action == Action.RETURN,
            "method": method,
            "payer": payer,
            "why": why,
            "fee": written(fee) if fee > 0 else "",
            "rows": [(part.payable.kind, part.payable.number, written(part.amount)) for part in parts],
            "seller": payment.organization,
            "link": payment.website.url("storefront:paying", uuid=payment.uuid) if payment.website else "",
        },
        language=language,
        now=now,
    )
