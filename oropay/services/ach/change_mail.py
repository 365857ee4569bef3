"""The mail that tells the owners of a saved bank account that their bank has corrected it, or that it must be entered
again.
"""

from datetime import datetime

from django.utils.translation import override

from commerce.models import Website
from oropay.models import ChangeNotice, ChangeOutcome, InstrumentState
from oropay.selectors.instruments import instrument_people
from oropay.services.refund_mail import instrument_words
from plumbing.services import mail_queue

SAVED = frozenset({InstrumentState.ACTIVE, InstrumentState.FROZEN, InstrumentState.DEAD})


def change_mail(*, notice: ChangeNotice, now: datetime) -> None:
    """Queue one mail a person, in the transaction that records the notice; nobody minds an account that is not saved.

    Only last four digits are in it. Nothing that changes nothing is told.
    """
    account = notice.instrument
    if notice.outcome == ChangeOutcome.NOTED or account.state not in SAVED:
        return
    website = Website.objects.filter(organization=notice.organization_id).order_by("-is_default", "pk").first()
    if website is None:
        return
    with override(website.language):
        before = instrument_words(account)
        what = str(notice.change.title).lower()
    for person in instrument_people(instrument=account):
        mail_queue(
            to=person.email,
            template="oropay/mail/account_changed.txt",
            context={
                "person": person,
                "account": before,
                "nickname": account.nickname,
                "what": what,
                "corrected": notice.outcome == ChangeOutcome.CORRECTED,
                "waits": account.state == InstrumentState.DEAD,
                "last4_before": notice.last4_before if notice.last4_after else "",
                "company": account.customer,
                "seller": website.organization,
                "link": website.url("storefront:payment_methods"),
            },
            language=website.language,
            now=now,
        )
