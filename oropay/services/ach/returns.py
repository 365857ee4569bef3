"""What a bank return means for the account, and the code that a person finds out later."""

from datetime import datetime

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money
from ledger.services import period_hold
from oropay import locks
from oropay.exceptions import ReturnCodeKnown, ReturnCodeUnknown
from oropay.models import AchReturn, AlertKind, Freeze, Instrument, Payment, PaymentTransaction
from oropay.returncodes import CODES
from oropay.services.ach.fees import return_fee_charge, return_fee_of
from oropay.services.ach.freeze import autopay_stop, freeze_add, freeze_end
from oropay.services.ach.rates import rates_watch
from oropay.services.alert import alert_raise
from plumbing.audit import because
from plumbing.services import note_add


def ach_return_add(
    *, payment: Payment, row: PaymentTransaction, code: str, after_funding: bool, now: datetime
) -> AchReturn:
    """Note why a debit came back and act on it, in the transaction that records it.

    `row` is the return of a settled debit, or the charge that was rejected before it was funded.
    """
    told = AchReturn.objects.create(
        transaction=row,
        organization=payment.organization,
        code=code,
        after_funding=after_funding,
        returned_on=payment.organization.today(now),
        created_at=now,
    )
    consequences_apply(told=told, instrument=payment.instrument, now=now)
    rates_watch(told=told, now=now)
    if not code:
        alert_raise(
            row=row,
            kind=AlertKind.RETURN_WITHOUT_CODE,
            text=_("The bank took it back and the gateway does not say why. The account is frozen until you enter it."),
            now=now,
        )
    return told


def consequences_apply(*, told: AchReturn, instrument: Instrument | None, now: datetime) -> None:
    """Freeze the account or stop its autopay, as the code says."""
    if instrument is None:
        return
    if told.reason.freezes:
        freeze_add(organization=told.organization, instrument=instrument, cause=told, code=told.code, now=now)
    elif told.reason.stops_autopay:
        autopay_stop(organization=told.organization, instrument=instrument, now=now)


@atomic(durable=True)
def ach_return_code_enter(*, told: AchReturn, code: str, note: str, by: User, now: datetime) -> AchReturn:
    """Write down the code that the bank named later; its consequences follow, the return fee among them, once.

    `note` says where it comes from. A code that does not freeze lets the account go that this return had frozen for
    want of one.

    Raises:
        ReturnCodeUnknown: there is no such code.
        ReturnCodeKnown: it has one already; a code is written once.
    """
    code = code.strip().upper()
    if code not in CODES:
        raise ReturnCodeUnknown(code=code)
    organization = told.organization
    with because(by=by, why=note.strip() or code):
        if return_fee_of(payment=told.transaction.payment, code=code) > 0:
            period_hold(organization_id=organization.pk, day=organization.today(now))
        payment = locks.payment(pk=told.transaction.payment_id)
        told = locks.ach_return(pk=told.pk)
        if told.code:
            raise ReturnCodeKnown(code=told.code)
        _code_write(told=told, code=code, payment=payment, note=note, by=by, now=now)
    return told


def ach_return_code_learn(*, told: AchReturn, code: str, payment: Payment, now: datetime) -> None:
    """As `ach_return_code_enter`, when the gateway itself names the code at last: in the transaction that records it.

    The caller holds the period and the payment.
    """
    with because(by=None, why=f"{code}, named by the gateway"):
        told = locks.ach_return(pk=told.pk)
        if not told.code:
            _code_write(told=told, code=code, payment=payment, note="", by=None, now=now)


def _other_reason(*, freeze: Freeze, besides: AchReturn) -> AchReturn | None:
    """A later return of the same account that freezes by itself: it joined this freeze, which stands for it as well."""
    later = AchReturn.objects.filter(
        organization=freeze.organization_id,
        transaction__payment__instrument__fingerprint=freeze.fingerprint,
        created_at__gte=freeze.frozen_at,
    ).exclude(pk=besides.pk)
    return next((one for one in later if one.reason.freezes), None)


def _code_write(*, told: AchReturn, code: str, payment: Payment, note: str, by: User | None, now: datetime) -> None:
    told.code, told.entered_by, told.entered_at = code, by, now
    told.save(update_fields=["code", "entered_by", "entered_at"])
    for freeze in locks.freezes_of(cause=told):
        why = told if told.reason.freezes else _other_reason(freeze=freeze, besides=told)
        if why is not None:
            Freeze.objects.filter(pk=freeze.pk).update(cause=why, code=why.code)
        else:
            freeze_end(freeze=freeze, by=by, note=str(told.reason.title), now=now)
    consequences_apply(told=told, instrument=payment.instrument, now=now)
    rates_watch(told=told, now=now)
    day = told.organization.today(now)
    fee = return_fee_charge(payment=payment, row=told.transaction, code=code, day=day, now=now)
    asked = _("The fee of {fee} is asked for by debit memo.").format(fee=format_money(fee, payment.currency))
    note_add(
        on=payment,
        text=" ".join(part for part in (f"{code}: {told.reason.title}.", note.strip(), asked if fee else "") if part),
        by=by,
        now=now,
    )
