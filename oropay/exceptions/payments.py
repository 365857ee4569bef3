"""What can be refused about payments, saved cards, approvals, disputes and keys."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from commerce.money import format_money
from oropay.exceptions.base import PaymentError


class NothingPayable(PaymentError):
    def __init__(self, *, number: str) -> None:
        super().__init__(_("Nothing was charged. {number} has nothing left to pay.").format(number=number))


class AlreadyBeingPaid(PaymentError):
    """Somebody else's attempt on the same payable is running."""

    def __init__(self, *, number: str) -> None:
        super().__init__(
            _(
                "Nothing was charged by you. A colleague is paying {number} right now; this page shows the result in "
                "a few seconds."
            ).format(number=number)
        )


class PayableChanged(PaymentError):
    """Amount, state or contents differ from what the page showed."""

    def __init__(self, *, number: str, detail: str) -> None:
        super().__init__(
            _("Nothing was charged. {number} has changed: {detail} Please look again.").format(
                number=number, detail=detail
            )
        )


class AmountTooLarge(PaymentError):
    def __init__(self, *, number: str, asked: Decimal, limit: Decimal, currency: str) -> None:
        super().__init__(
            _("Nothing was charged. {asked} is more than the {limit} still payable on {number}.").format(
                asked=format_money(asked, currency), limit=format_money(limit, currency), number=number
            )
        )


class AmountNotRepresentable(PaymentError):
    def __init__(self, *, amount: Decimal, currency: str) -> None:
        super().__init__(
            _("Nothing was charged. {amount} {currency} has more decimals than the currency knows.").format(
                amount=amount, currency=currency
            )
        )


class MethodUnavailable(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was charged. This way to pay is not available: {why}").format(why=why))


class InstrumentUnusable(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was charged. {why}").format(why=why))


class InstrumentNotChanged(PaymentError):
    """A saved card or bank account stays as it is."""

    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was charged and nothing was changed. {why}").format(why=why))


class MandateRequired(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was debited. Please agree to the authorisation of this bank debit first."))


class CaptureRefused(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was captured. {why}").format(why=why))


class RenewalRefused(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was renewed; the hold stays as it is. {why}").format(why=why))


class CancelRefused(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was canceled; the money stays as it is. {why}").format(why=why))


class ReviewRefused(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was changed; the money stays as it is. {why}").format(why=why))


class RefundRefused(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was refunded. {why}").format(why=why))


class RefundTooLarge(RefundRefused):
    def __init__(self, *, asked: Decimal, limit: Decimal, currency: str, why: str) -> None:
        super().__init__(
            why=_("{asked} is more than the {limit} that can still be given back: {why}").format(
                asked=format_money(asked, currency), limit=format_money(limit, currency), why=why
            )
        )


class WayBackChanged(RefundRefused):
    """A charge settled after the person was told that it would be voided."""

    def __init__(self, *, amount: str, refunded: bool, why: str) -> None:
        told = (
            _("{amount} would be refunded now, no longer voided. {why} Please read again, then decide.")
            if refunded
            else _("{amount} would be voided, not refunded. {why} Please read again, then decide.")
        )
        super().__init__(why=told.format(amount=amount, why=why))


class NoteRequired(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was done. Please write a note that says why."))


class FollowUpRunning(PaymentError):
    """Another capture, cancel or refund of the same transaction has not ended."""

    def __init__(self) -> None:
        super().__init__(
            _("Nothing was done. Another action on this transaction is still running; try again when it has ended.")
        )


class PaymentMoved(PaymentError):
    """Something was started on the payment after the person had looked at it."""

    def __init__(self) -> None:
        super().__init__(
            _("Nothing was done. Something else was started on this payment since you opened it; please look again.")
        )


class StatusNotForced(PaymentError):
    def __init__(self, *, number: str) -> None:
        super().__init__(
            _("Nothing was changed. The payment status of {number} follows the money already.").format(number=number)
        )


class ExpiryPassed(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was changed. The end of a forced status must be in the future."))


class RemarkRequired(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was changed. Please write what you found out and did."))


class NotificationWaiting(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was changed. This notification is still being worked on; look again in a minute."))


class ApprovalNotYours(PaymentError):
    def __init__(self) -> None:
        super().__init__(
            _("Nothing was done. Another person of this seller, with the permission for it, must decide this.")
        )


class ApprovalOver(PaymentError):
    def __init__(self, *, state: str) -> None:
        super().__init__(_("Nothing was done. This was decided already: {state}.").format(state=state.lower()))


class ApprovalTooLate(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was done. The time to agree is over; it must be asked for again."))


class ApprovalChanged(PaymentError):
    """What would be done is not what was asked."""

    def __init__(self) -> None:
        super().__init__(
            _("Nothing was done. What was asked for has changed meanwhile, so it is void; ask for it again.")
        )


class CreditRefused(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was given. {why}").format(why=why))


class VerdictRefused(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was decided. {why}").format(why=why))


class CannotLeave(PaymentError):
    """The buyer wanted to give up confirming a payment that no longer waits for the buyer."""

    def __init__(self) -> None:
        super().__init__(
            _("Nothing was changed. Your bank is deciding right now; this page shows the result in a few seconds.")
        )


class VaultError(PaymentError):
    """A sealed box could not be opened, or belongs to another row. Nothing was sent."""


class VaultKeyMissing(VaultError):
    """The vault cannot be opened with the keys of this process."""

    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was changed; no money is involved. {why}").format(why=why))


class UnsafeAddress(PaymentError):
    """A production account must be reached by https."""

    def __init__(self, *, address: str) -> None:
        super().__init__(_("Nothing was stored: real money needs https, not {address}.").format(address=address))


class SettledTwice(PaymentError):
    """A second account would book the deposits of the first once more."""

    def __init__(self, *, name: str, currency: str) -> None:
        super().__init__(
            _(
                "Nothing was stored: the gateway would tell this account of the same {currency} deposits as “{name}”, "
                "and each would be booked twice. Renew that account under its name, or give the settlement account, "
                "app or currency of another."
            ).format(currency=currency, name=name)
        )


class TriedTooOften(PaymentError):
    """Too many tries, or nobody can say how many: nothing may be started now."""


class LockedOut(TriedTooOften):
    def __init__(self, *, until: datetime) -> None:
        self.until = until
        super().__init__(
            _(
                "Nothing was charged. There were too many tries to pay from here. Please try again after {time}, or "
                "ask the seller for help."
            ).format(time=date_format(timezone.localtime(until), "j M Y, H:i T"))
        )


class SlowDown(TriedTooOften):
    """More proof is wanted, and the last try was a moment ago."""

    def __init__(self, *, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(
            _("Nothing was charged. There were several tries in a short time; please wait {seconds} seconds.").format(
                seconds=int(wait.total_seconds())
            )
        )


class CountersUnavailable(TriedTooOften):
    """Failing closed: without counters nobody can tell a buyer from somebody who tests stolen cards."""

    def __init__(self) -> None:
        super().__init__(_("Nothing was charged. Payments cannot be started just now; please try again in a minute."))


class LiftRefused(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was changed. This lock-out has ended already."))


class CardFormUnavailable(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was charged. The card form is loading; please wait a moment."))


class DisputeRefused(PaymentError):
    """Something about a dispute was refused."""


class DisputeNotAnswerable(DisputeRefused):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was sent; the money is where it was. {why}").format(why=why))


class DisputeMoved(DisputeRefused):
    """The gateway said something new after the person had opened the page."""

    def __init__(self) -> None:
        super().__init__(
            _("Nothing was sent; the money is where it was. The dispute has moved on; please look at it again.")
        )


class EvidenceRefused(DisputeRefused):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was stored or sent. {why}").format(why=why))


class LinkRefused(DisputeRefused):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was booked; the dispute stays without a payment. {why}").format(why=why))


class UnlinkRefused(DisputeRefused):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was undone. {why}").format(why=why))


class WithdrawalRefused(DisputeRefused):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was withdrawn. {why}").format(why=why))


class SplitRefused(DisputeRefused):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was moved between invoices. {why}").format(why=why))


class WriteOffRefused(DisputeRefused):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was written off. {why}").format(why=why))
