"""What a person does about each kind of alert: a list of alarms without it only worries people."""

from django.utils.translation import gettext_lazy as _

from backoffice.unfolded import Words
from oropay.models import Alert, AlertKind

NEXT: dict[AlertKind, Words] = {
    AlertKind.IDENTITY_MISMATCH: _("Do not adopt it. Ask the gateway whose transaction carries our reference."),
    AlertKind.ARRIVED_LATE: _(
        "Do what the alert says, and nothing where it is given back by itself. Whoever was told that it had not "
        "happened, as a rule the buyer, must hear what became of it."
    ),
    AlertKind.REFUSED_REQUEST: _("Nothing was taken. Pass request and response to the developers, then try again."),
    AlertKind.GATEWAY_REFUSES_US: _("Check the keys and permissions of the provider account, then renew them."),
    AlertKind.AMOUNT_DIFFERS: _(
        "Do what the alert says, and nothing besides: what is reversed by itself would go back twice."
    ),
    AlertKind.NOT_DONE: _(
        "It did not happen, and nobody else is told. The alert says whether it is still to be done, and where."
    ),
    AlertKind.NO_EVIDENCE: _(
        "Ask the gateway what became of it, with its id. Do not send it again: money may have moved."
    ),
    AlertKind.TAKEN_BACK: _("The money went back and is due again. Tell the buyer, and ask for a new payment."),
    AlertKind.DISPUTE_UNANSWERED: _("Open the dispute, add evidence and challenge it, or accept the loss."),
    AlertKind.DECIDED: _("Compare it with the next settlement report; tell the buyer what became of the money."),
    AlertKind.DONE_OUTSIDE: _(
        "It is in the books already. Find out who did it at the gateway and why; ask for it to be done here next time."
    ),
    AlertKind.RETURN_WITHOUT_CODE: _(
        "Ask your bank or the gateway why, and enter the code under Bank returns; what it means happens by itself."
    ),
    AlertKind.RETURNED_AFTER_REFUND: _(
        "The customer got the money twice and owes it by debit memo. Tell them, and settle the memo."
    ),
    AlertKind.RETURN_RATE: _(
        "Read the table of return rates, and stop taking debits that come back before Nacha asks."
    ),
    AlertKind.DEBIT_UNREAD: _(
        "Look the debit up at the gateway, by its id. It is asked for every day; the alert closes once it answers."
    ),
    AlertKind.REVIEW_WAITING: _(
        "Look at buyer, address and order, then release the payment or cancel it. If nobody does, it is given back "
        "before the hold lapses."
    ),
    AlertKind.CARD_CHECK: _(
        "Ask the buyer which address the bank has. Accept the card check, or release the hold or refund the charge."
    ),
    AlertKind.CREDIT_CREATED: _("The customer has credit. Apply it to an invoice, or give it back."),
}


def next_of(alert: Alert) -> str:
    """The next step for the person who reads it."""
    return str(NEXT[AlertKind(alert.kind)])
