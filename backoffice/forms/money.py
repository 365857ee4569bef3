"""Dialogs that queue a money action: each says in one sentence what will happen to the money."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms import fields
from backoffice.unfolded import widgets
from commerce.money import format_money, rounded
from oropay.exceptions import CaptureRefused, RefundTooLarge
from oropay.gateway.port import Capture
from oropay.models import (
    HOLDS,
    CardCheck,
    Method,
    PayableKind,
    Payment,
    PaymentTransaction,
    RefundReason,
    Ruling,
    TransactionState,
)
from oropay.selectors import family_of
from oropay.services import (
    Allowed,
    RefundLineAsked,
    cancelable,
    capturable,
    refund_lines_suggested,
    refundable,
    releasable,
    renewable,
    verdict_refusal,
)

ZERO = Decimal(0)


class Offers:
    """What may be done with a payment now: one target an action, or why there is none."""

    def __init__(self, payment: Payment) -> None:
        self.payment = payment
        self.family = family_of(payment=payment)

    def hold(self) -> tuple[PaymentTransaction, Allowed] | None:
        return self._first(
            [(row, capturable(hold=row, family=self.family)) for row in self.family if row.action in HOLDS]
        )

    def renewal(self) -> tuple[PaymentTransaction, Allowed] | None:
        now = timezone.now()
        holds = [row for row in self.family if row.action in HOLDS]
        return self._first([(row, renewable(hold=row, family=self.family, now=now)) for row in holds])

    def review(self) -> tuple[PaymentTransaction, Allowed] | None:
        for row in self.family:
            row.payment = self.payment
        return self._first([(row, releasable(transaction=row, family=self.family)) for row in self.family])

    def check(self) -> CardCheck | None:
        """A card check that waits for a person, of money that stands."""
        return CardCheck.objects.filter(
            transaction__payment=self.payment,
            transaction__state=TransactionState.APPROVED,
            ruling=Ruling.REVIEW,
            accepted_at=None,
        ).first()

    def cancel(self) -> tuple[PaymentTransaction, Allowed] | None:
        return self._first([(row, cancelable(transaction=row, family=self.family)) for row in self.family])

    def charges(self) -> list[tuple[PaymentTransaction, Allowed]]:
        every = [(row, refundable(transaction=row, family=self.family)) for row in self.family]
        return [(row, allowed) for row, allowed in every if allowed.limit > 0]

    def undecided(self) -> list[PaymentTransaction]:
        """What no evidence decided in a day."""
        now = timezone.now()
        return [row for row in self.family if not verdict_refusal(row=row, now=now)]

    def newest(self) -> int:
        return self.family[-1].pk if self.family else 0

    @staticmethod
    def _first(found: list[tuple[PaymentTransaction, Allowed]]) -> tuple[PaymentTransaction, Allowed] | None:
        return next((one for one in found if one[1].limit > 0), None)


class MoneyDialog(DialogForm):
    """Carries what the person saw: sent twice, it acts once."""

    after = forms.IntegerField(widget=forms.HiddenInput)

    offers: Offers
    payment: Payment

    def prepare(self) -> None:
        self.payment = self.row
        self.offers = Offers(self.payment)
        self.fields["after"].initial = self.offers.newest()
        self.fit()
        if not self.is_bound and self.unavailable():
            for name in [name for name in self.fields if not name.startswith("_")]:
                del self.fields[name]

    def fit(self) -> None:
        """Set limits and suggestions."""

    def shown(self, amount: Decimal) -> str:
        return format_money(amount, self.payment.currency)


class CaptureForm(MoneyDialog):
    submit_text = gettext_lazy("Capture")

    def fit(self) -> None:
        self.target = self.offers.hold()
        limit = self.target[1].limit if self.target else ZERO
        self.fields["amount"] = fields.MoneyField(
            label=_("Amount to capture"),
            currency=self.payment.currency,
            initial=rounded(limit, self.payment.currency),
            help_text=_("At most {limit}.").format(limit=self.shown(limit)),
            nothing=_("Nothing was captured."),
        )

        self.several = self.target is not None and self.target[0].capture_mode == Capture.MULTIPLE
        if self.several:
            self.fields["last"] = forms.BooleanField(
                label=_("This is the last capture: release what is left of the hold"),
                required=False,
                widget=widgets.UnfoldBooleanSwitchWidget(),
            )

    def clean_amount(self) -> Decimal:
        """Refuse at the field what the service would refuse, by the same limit."""
        amount: Decimal = self.cleaned_data["amount"]
        if self.target is not None and not 0 < amount <= self.target[1].limit:
            _hold, allowed = self.target
            refused = CaptureRefused(
                why=_("At most {limit} may be captured: {why}").format(
                    limit=self.shown(allowed.limit), why=allowed.reason
                )
            )
            raise forms.ValidationError(str(refused))
        return amount

    def sentence(self) -> Words:
        if self.target is None:
            return ""
        if self.several:
            return _(
                "The amount is taken from {instrument}; what is left of the {limit} held may be captured later, until "
                "the hold expires."
            ).format(instrument=self.payment.instrument, limit=self.shown(self.target[1].limit))
        return _(
            "The amount is taken from {instrument}; what is left of the {limit} held is released and cannot be "
            "captured later."
        ).format(instrument=self.payment.instrument, limit=self.shown(self.target[1].limit))

    def unavailable(self) -> str:
        return "" if self.target else _("Nothing is held that could be captured.")


class RenewForm(MoneyDialog):
    submit_text = gettext_lazy("Hold it anew")

    def fit(self) -> None:
        self.target = self.offers.renewal()

    def sentence(self) -> Words:
        if self.target is None:
            return ""
        return _(
            "Nothing is taken. {amount} is held anew on {instrument}; if its bank agrees, the new hold takes the place "
            "of the old one, otherwise the old one stays what it is."
        ).format(amount=self.shown(self.target[1].limit), instrument=self.payment.instrument)

    def unavailable(self) -> str:
        return "" if self.target else _("Nothing is held that could be renewed.")


class CancelForm(MoneyDialog):
    note = fields.note()
    back_text = gettext_lazy("Keep it")

    def fit(self) -> None:
        self.target = self.offers.cancel()
        held = self.target is not None and self.target[0].action in HOLDS
        in_review = self.target is not None and self.target[0].state == TransactionState.REVIEW
        self.submit_text = (
            _("Cancel the payment") if in_review else _("Release the hold") if held else _("Void the charge")
        )

    def sentence(self) -> Words:
        if self.target is None:
            return ""
        row, allowed = self.target
        if row.state == TransactionState.REVIEW:
            return _(
                "The payment of {amount} is not accepted: what the gateway holds on {instrument} is given back in full "
                "and nothing is taken. The buyer may pay another way."
            ).format(amount=self.shown(allowed.limit), instrument=self.payment.instrument)
        if row.action in HOLDS:
            return _("The hold of {amount} on {instrument} is released in full; nothing is taken.").format(
                amount=self.shown(allowed.limit), instrument=self.payment.instrument
            )
        if self.payment.method == Method.BANK:
            return _(
                "The debit of {amount} is voided in full while its batch is open: {instrument} is not debited. If it "
                "has gone to the bank already, nothing changes and you can refund it once it has settled."
            ).format(amount=self.shown(allowed.limit), instrument=self.payment.instrument)
        return _(
            "The charge of {amount} is voided in full before it settles: {instrument} is not charged. If the gateway "
            "has already sent it for settlement, it is refunded instead."
        ).format(amount=self.shown(allowed.limit), instrument=self.payment.instrument)

    def unavailable(self) -> str:
        return "" if self.target else _("Nothing is held or unsettled that could be canceled.")


class RefundForm(MoneyDialog):
    """One amount where the payment paid one thing; one amount for each where it paid several."""

    reason = fields.choice(label=gettext_lazy("Reason"), choices=RefundReason.choices)
    note = fields.note()
    submit_text = gettext_lazy("Refund")

    def fit(self) -> None:
        charges = self.offers.charges()
        self.charges = {str(row.pk): (row, allowed) for row, allowed in charges}
        first = charges[0] if charges else None
        self.limit = first[1].limit if first else ZERO
        self.suggested = refund_lines_suggested(charge=first[0], amount=self.limit) if first else []
        added: dict[str, forms.Field] = {}
        if len(charges) > 1:
            added["charge"] = fields.choice(
                label=_("Charge"),
                choices=[
                    (
                        str(row.pk),
                        f"{self.shown(row.amount)} · {date_format(timezone.localtime(row.created_at), 'j M Y')}",
                    )
                    for row, _allowed in charges
                ],
            )
        named = {part.payable_id: part.payable for part in self.payment.parts.select_related("payable")}
        for line in self.suggested:
            alone = len(self.suggested) == 1
            added[self.name_of(line)] = fields.MoneyField(
                label=_("Amount to refund") if alone else _("From {what}").format(what=named[line.payable_id or 0]),
                currency=self.payment.currency,
                initial=rounded(line.amount, self.payment.currency),
                help_text=_("At most {limit}.").format(limit=self.shown(self.limit)) if alone else "",
                required=alone,
                nothing=_("Nothing was refunded."),
            )
        self.fields = {**self.fields, **added}
        self.order_fields([*added, "reason", "note"])

    @staticmethod
    def name_of(line: RefundLineAsked) -> str:
        return f"from_{line.payable_id}"

    def sentence(self) -> Words:
        if not self.charges:
            return ""
        payables = [part.payable for part in self.payment.parts.select_related("payable").order_by("pk")]
        told = _("The amount goes back to {instrument} in a few banking days. It is taken from {what}.").format(
            instrument=self.payment.instrument,
            what=", ".join(_("what was paid for {what}").format(what=payable) for payable in payables),
        )
        again = [
            _("{invoice} becomes due again by {amount}, or by what you type instead.").format(
                invoice=invoice, amount=amount
            )
            for invoice, amount in self._invoices(self.suggested)
        ]
        return " ".join([told, *again])

    def due_again(self) -> list[str]:
        """Which invoices are owed again by it, and how much; to be said afterwards, with what was typed."""
        return [
            _("{invoice} becomes due again by {amount}.").format(invoice=invoice, amount=amount)
            for invoice, amount in self._invoices(self.lines())
        ]

    def _invoices(self, lines: Iterable[RefundLineAsked]) -> list[tuple[str, str]]:
        numbers = {
            part.payable_id: part.payable.number
            for part in self.payment.parts.filter(payable__kind=PayableKind.INVOICE).select_related("payable")
        }
        return [(numbers[line.payable_id], self.shown(line.amount)) for line in lines if line.payable_id in numbers]

    def unavailable(self) -> Words:
        if self.charges:
            return ""
        if self.payment.method == Method.OFFLINE:
            return _("What came by check or wire is given back by check or wire.")
        if self.payment.method == Method.BANK and self.offers.family:
            debit = self.offers.family[0]
            return refundable(transaction=debit, family=self.offers.family).reason
        return _("Nothing is captured that could still be given back.")

    def charge(self) -> PaymentTransaction:
        """The charge to give back from."""
        chosen = self.cleaned_data.get("charge") or next(iter(self.charges), "")
        return self.charges[chosen][0]

    def lines(self) -> list[RefundLineAsked]:
        """What the person wants given back, by what it was paid for."""
        asked = [(line, self.cleaned_data.get(self.name_of(line)) or ZERO) for line in self.suggested]
        return [
            RefundLineAsked(source=line.source, amount=amount, payable_id=line.payable_id)
            for line, amount in asked
            if amount > 0
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.charges:
            raise forms.ValidationError(_("Nothing was refunded. {why}").format(why=self.unavailable()))
        if len(self.suggested) == 1 and (amount := cleaned.get(self.name_of(self.suggested[0]))) is not None:
            charge, allowed = self.charges[cleaned.get("charge") or next(iter(self.charges))]
            if amount > allowed.limit:
                too_large = RefundTooLarge(
                    asked=amount, limit=allowed.limit, currency=charge.currency, why=allowed.reason
                )
                self.add_error(self.name_of(self.suggested[0]), str(too_large))
        return cleaned
