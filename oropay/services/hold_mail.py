"""The mail to our own people that a hold could not be renewed, or is gone."""

from datetime import datetime

from commerce.money import format_money
from oropay.models import PaymentTransaction
from oropay.services.staff import staff_who_may
from plumbing.services import mail_queue


def hold_mail(*, hold: PaymentTransaction, gone: bool, why: str, now: datetime) -> int:
    """Queue it to the integration's owner and to everybody of the seller who may capture; returns to how many.

    `gone`: nothing is held any more; otherwise the old hold stays.
    """
    payment = hold.payment
    integration = payment.integration
    people = staff_who_may(organization_id=payment.organization_id, permissions=["oropay.capture_payment"])
    to = {person.email for person in people}
    if integration is not None and integration.owner is not None and integration.owner.email:
        to.add(integration.owner.email)
    for address in sorted(to):
        mail_queue(
            to=address,
            template="oropay/mail/hold_not_renewed.txt",
            context={
                "amount": format_money(hold.amount, hold.currency),
                "numbers": ", ".join(part.payable.number for part in payment.parts.select_related("payable")),
                "payment": payment.pk,
                "gone": gone,
                "why": why,
                "seller": payment.organization,
            },
            language="en-us",
            now=now,
        )
    return len(to)
