"""What a bank called wrong about an account without saying what is right, and nobody has put right since."""

from collections.abc import Sequence

from django.db.models import Q

from oropay.models import ChangeNotice, ChangeOutcome, Instrument

DETAILS = ("number", "routing", "type", "holder")
"""What a notice may call wrong: the fields of `oropay.changecodes.Change`."""


def details_wrong(*, account: Instrument, organization_id: int, fingerprint: str) -> frozenset[str]:
    """Which details of a bank account stand as its bank called them wrong; nothing is debited while there are any.

    Of each detail the newest notice about it decides: one about another detail says nothing of it. Kind and holder are
    right again once they were entered otherwise; a number or routing number entered otherwise is another `fingerprint`.
    """
    told = Q(instrument=account)
    if fingerprint:
        told |= Q(organization=organization_id, instrument__fingerprint=fingerprint)
    notices = list(
        ChangeNotice.objects.filter(told).exclude(outcome=ChangeOutcome.NOTED).order_by("-noticed_on", "-pk")
    )
    return frozenset(
        name
        for name in DETAILS
        if any(_stands(notice, name, account) for notice in _newest([one for one in notices if _is_about(one, name)]))
    )


def _is_about(notice: ChangeNotice, name: str) -> bool:
    return bool(getattr(notice.change, name))


def _newest(notices: Sequence[ChangeNotice]) -> list[ChangeNotice]:
    """The rows of the newest notice: it left one for every instrument that held the account."""
    return [one for one in notices if _event(one) == _event(notices[0])]


def _event(notice: ChangeNotice) -> tuple[object, ...]:
    return notice.code, notice.noticed_on, notice.applied_at


def _stands(notice: ChangeNotice, name: str, account: Instrument) -> bool:
    if notice.outcome != ChangeOutcome.ENTER_AGAIN:
        return False
    if name == "type":
        return notice.type_before == account.account_type
    if name == "holder":
        return _plain(notice.holder_before) == _plain(account.holder_name)
    return True


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
