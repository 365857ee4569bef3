"""The dialog that gives money back: by a void or a refund, and saying which before anybody clicks."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words
from backoffice.display import day_of
from backoffice.forms import fields
from backoffice.forms.money import ZERO, MoneyDialog, Offers
from commerce.money import rounded
from oropay.exceptions import RefundTooLarge
from oropay.models import Method, PayableKind, PaymentTransaction, RefundReason, TransactionState
from oropay.services import (
    RefundLineAsked,
    WayBack,
    WaysBack,
    lines_beyond,
    refund_lines_suggested,
    refundable,
)


class RefundForm(MoneyDialog):
    """One amount where the payment paid one thing; one amount for each where it paid several; none where only all of it
    can be given back.
    """

    voidable = forms.CharField(widget=forms.HiddenInput, required=False)
    """Which charges would be voided when the person was told, by id."""
    reason = fields.choice(label=gettext_lazy("Reason"), choices=RefundReason.choices)
    note = fields.note()
    submit_text: Words = gettext_lazy("Refund")
    back_text = gettext_lazy("Keep it")

    charges: dict[str, tuple[PaymentTransaction, WaysBack]]

    def fit(self) -> None:
        charges = self.offers.charges()
        self.charges = {str(row.pk): (row, ways) for row, ways in charges}
        self.fields["voidable"].initial = self._voidable()
        self.submit_text = self._submit_text()
        first = charges[0] if charges else None
        self.limit = first[1].most if first else ZERO
        self.suggested = refund_lines_suggested(charge=first[0], amount=self.limit) if first else []
        added: dict[str, forms.Field] = {}
        if len(charges) > 1:
            added["charge"] = fields.choice(
                label=_("Charge"),
                choices=[(str(row.pk), self._charge_told(row, ways)) for row, ways in charges],
            )
        if not self._only_all():
            added |= self._amounts()
        self.fields = {**self.fields, **added}
        self.order_fields([*added, "reason", "note"])

    def _charge_told(self, charge: PaymentTransaction, ways: WaysBack) -> str:
        words = {"amount": self.shown(charge.amount), "day": day_of(charge.created_at), "limit": self.shown(ways.most)}
        if ways.void.limit > 0:
            return _("{amount}, {day}: all of it is voided").format(**words)
        return _("{limit} left of {amount}, {day}").format(**words)

    def _amounts(self) -> dict[str, forms.Field]:
        named = {part.payable_id: part.payable for part in self.payment.parts.select_related("payable")}
        alone = len(self.suggested) == 1
        limit_told = _("At most {limit}.").format(limit=self.shown(self.limit))
        return {
            self.name_of(line): fields.MoneyField(
                label=_("Amount to refund") if alone else _("From {what}").format(what=named[line.payable_id or 0]),
                currency=self.payment.currency,
                initial=rounded(line.amount, self.payment.currency),
                help_text=limit_told if alone and len(self.charges) == 1 else "",
                required=alone,
                nothing=_("Nothing was refunded."),
            )
            for line in self.suggested
        }

    def again(self) -> None:
        """Something moved between showing and clicking: show what would happen now."""
        self.offers = Offers(self.payment)
        self.fit()
        asked_anew = {name: field.initial for name, field in self.fields.items() if field.initial is not None}
        self.data = {**asked_anew, **{name: self.data[name] for name in self.data}, "voidable": self._voidable()}

    def _only_all(self) -> bool:
        return bool(self.charges) and all(ways.only_all for _row, ways in self.charges.values())

    def _voidable(self) -> str:
        return ",".join(pk for pk, (_row, ways) in self.charges.items() if ways.void.limit > 0)

    def _submit_text(self) -> Words:
        if self._only_all():
            return _("Void the debit")
        return _("Void or refund") if self._voidable() else _("Refund")

    @staticmethod
    def name_of(line: RefundLineAsked) -> str:
        return f"from_{line.payable_id}"

    def sentence(self) -> Words:
        if not self.charges:
            return ""
        payables = [part.payable for part in self.payment.parts.select_related("payable").order_by("pk")]
        taken_from = _("It is taken from {what}.").format(
            what=", ".join(_("what was paid for {what}").format(what=payable) for payable in payables)
        )
        again = [
            _("{invoice} becomes due again by {amount}.").format(invoice=invoice, amount=amount)
            if self._only_all()
            else _("{invoice} becomes due again by {amount}, or by what you type instead.").format(
                invoice=invoice, amount=amount
            )
            for invoice, amount in self._invoices(self.suggested)
        ]
        # What a debit pays is owed until it settles: nothing is taken from it.
        return " ".join([self._way_told(), *([] if self._only_all() else [taken_from]), *again])

    def _way_told(self) -> str:
        """Void or refund, and why."""
        if len(self.charges) > 1 and self._voidable():
            return _(
                "Money goes back from one charge at a time. All of a charge that has not settled is voided: "
                "{instrument} is not charged. Anything else is refunded to {instrument} in a few banking days."
            ).format(instrument=self.payment.instrument)
        if len(self.charges) > 1:
            told = _(
                "Money goes back from one charge at a time: it is refunded to {instrument} in a few banking days."
            ).format(instrument=self.payment.instrument)
            why = {ways.void.reason for _row, ways in self.charges.values()}
            return f"{told} {why.pop()}" if len(why) == 1 else told
        row, ways = next(iter(self.charges.values()))
        words = {"limit": self.shown(ways.most), "instrument": self.payment.instrument}
        if self._only_all():
            return _(
                "The debit has not settled yet, so all of {limit} is voided while its batch is open: {instrument} is "
                "not debited. If it has gone to the bank already, nothing changes and you can refund it once it has "
                "settled."
            ).format(**words)
        if ways.void.limit > 0:
            told = _(
                "The charge has not settled yet, so all of {limit} is voided: {instrument} is not charged. Less than "
                "that is refunded and arrives in a few banking days, because a void always takes back all of it. If "
                "the gateway has already sent it for settlement, all of it is refunded too."
            ).format(**words)
            return " ".join(part for part in (told, self._lets_go(ways)) if part)
        if row.settled_at is not None:
            return _(
                "The charge settled on {day}, so it is refunded, no longer voided: the amount goes back to "
                "{instrument} in a few banking days."
            ).format(day=day_of(row.settled_at), **words)
        return _("It is refunded: the amount goes back to {instrument} in a few banking days. {why}").format(
            why=ways.void.reason, **words
        )

    def _lets_go(self, ways: WaysBack) -> str:
        """What a void does to the rest of a hold that was captured in part."""
        if ways.void.limit <= 0 or ways.lets_go <= 0:
            return ""
        return _(
            "A void also lets go of the {rest} that is still held, because the gateway undoes a hold as a whole: none "
            "of that can be captured afterwards. Giving back less leaves it held."
        ).format(rest=self.shown(ways.lets_go))

    def told(self, queued: PaymentTransaction, *, way: WayBack) -> str:
        """What happens to the money now, and which invoices are owed again by it."""
        words = {"amount": self.shown(queued.amount), "instrument": self.payment.instrument}
        if queued.state == TransactionState.AWAITING_APPROVAL:
            return _("Nothing is given back yet: it is more than you may give back alone. Another person must agree.")
        if way == WayBack.VOID:
            told = _(
                "Void of {amount} queued: it has not settled, so {instrument} is not charged. The gateway answers in a "
                "few seconds; this page follows."
            ).format(**words)
            if (rest := self._chosen()[1].lets_go) > 0:
                let_go = _("The {rest} that is still held is let go too.").format(rest=self.shown(rest))
                told = f"{told} {let_go}"
        else:
            told = _(
                "Refund of {amount} queued: it goes back to {instrument} in a few banking days. The buyer sees it on "
                "the invoice or order in a few seconds."
            ).format(**words)
        again = [
            _("{invoice} becomes due again by {amount}.").format(invoice=invoice, amount=amount)
            for invoice, amount in self._invoices(self.lines())
        ]
        return " ".join([told, *again])

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
        return self._chosen()[0]

    def _chosen(self) -> tuple[PaymentTransaction, WaysBack]:
        return self.charges[self.cleaned_data.get("charge") or next(iter(self.charges))]

    def lines(self) -> list[RefundLineAsked]:
        """What the person wants given back, by what it was paid for."""
        if self._only_all():
            return list(self.suggested)
        return self._lines_of(self.cleaned_data)

    def _lines_of(self, cleaned: dict[str, Any]) -> list[RefundLineAsked]:
        asked = [(line, cleaned.get(self.name_of(line)) or ZERO) for line in self.suggested]
        return [
            RefundLineAsked(source=line.source, amount=amount, payable_id=line.payable_id)
            for line, amount in asked
            if amount > 0
        ]

    def shown_way(self) -> WayBack:
        """Which way the person was told that this amount goes."""
        charge = self.charge()
        told_voidable = str(charge.pk) in self.cleaned_data["voidable"].split(",")
        amount = sum((line.amount for line in self.lines()), Decimal(0))
        return WayBack.VOID if told_voidable and amount == charge.amount else WayBack.REFUND

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.charges:
            raise forms.ValidationError(_("Nothing was refunded. {why}").format(why=self.unavailable()))
        if len(self.suggested) > 1:
            beyond = lines_beyond(payment=self.payment, family=self.offers.family, lines=self._lines_of(cleaned))
            for payable_id, why in beyond.items():
                self.add_error(f"from_{payable_id}", why)
        if len(self.suggested) == 1 and (amount := cleaned.get(self.name_of(self.suggested[0]))) is not None:
            charge, ways = self._chosen()
            if amount > ways.most:
                too_large = RefundTooLarge(
                    asked=amount, limit=ways.most, currency=charge.currency, why=ways.refund.reason
                )
                self.add_error(self.name_of(self.suggested[0]), str(too_large))
        return cleaned
