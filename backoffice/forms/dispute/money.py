"""Dialogs about a dispute's money: which payment it is about, what a loss is taken from, that it is given up."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words
from backoffice.forms import fields
from backoffice.forms.dispute.base import DisputeDialog
from backoffice.scoping import staff_of
from commerce.money import rounded
from oropay.engine.disputes import link_candidates, lost_of, split_shown, undoing_of, unlink_refusal
from oropay.models import PayableKind, PaymentTransaction


class LinkForm(DisputeDialog):
    charge = fields.text(
        label=gettext_lazy("Charge"),
        help_text=gettext_lazy(
            "Our reference, the gateway's id of the charge, the number of an order or invoice, or the customer"
        ),
    )
    note = fields.note(help_text=gettext_lazy("Say how you know; it is kept with the dispute."))
    submit_text = gettext_lazy("Link")

    found: PaymentTransaction | None = None

    def sentence(self) -> Words:
        return _(
            "What the dispute did to money so far is booked on this payment at once. If it is the wrong one, the link "
            "can be undone."
        )

    def clean_charge(self) -> str:
        """Exactly one charge must fit; the words say which do."""
        text: str = self.cleaned_data["charge"].strip()
        rows = list(link_candidates(dispute=self.row, query=text)[:6])
        if not rows:
            nothing = _(
                "Nothing was booked. No charge of this account fits {text} and is of a payment of {amount} or more."
            )
            raise forms.ValidationError(nothing.format(text=text, amount=self.shown(self.row.amount)))
        if len(rows) > 1:
            raise forms.ValidationError(
                _("Nothing was booked. Several charges fit; type the reference of one: {rows}").format(
                    rows=", ".join(
                        f"{row.reference} ({self.shown(row.amount)}, {row.payment.customer})" for row in rows
                    )
                )
            )
        self.found = rows[0]
        return text

    def transaction(self) -> PaymentTransaction:
        if self.found is None:
            raise forms.ValidationError(_("Nothing was booked. Say which charge it is."))
        return self.found


class UnlinkForm(DisputeDialog):
    seen = forms.IntegerField(widget=forms.HiddenInput)
    note = fields.note(help_text=gettext_lazy("Say how you know; it is kept with the dispute and with the payment."))
    submit_text = gettext_lazy("Undo the link")
    back_text = gettext_lazy("Keep it")

    def prepare(self) -> None:
        self.fields["seen"].initial = self.row.transaction_id
        self.drop_fields()

    def sentence(self) -> Words:
        if self.row.transaction is None or self.unavailable():
            return ""
        undoing = undoing_of(dispute=self.row)
        if undoing.back > 0:
            text = _(
                "{amount} that it took from payment #{number} is given back in our books: what is owed again because "
                "of it is paid again. At the gateway nothing changes; the dispute waits to be linked to the right "
                "payment."
            )
        else:
            text = _("No money moves: nothing of it stands on payment #{number}. The dispute waits to be linked.")
        told = text.format(amount=self.shown(undoing.back), number=self.row.transaction.payment_id)
        if undoing.memos:
            memos = ", ".join(f"{memo.payable.number} ({self.shown(memo.amount)})" for memo in undoing.memos)
            told += " " + _("Debit memos made because of it are void, the customer owes them no more: {memos}.").format(
                memos=memos
            )
        return told

    def unavailable(self) -> Words:
        return unlink_refusal(dispute=self.row, by=staff_of(self.request))

    def charge(self) -> PaymentTransaction:
        """The one that the person saw; the service refuses another."""
        return PaymentTransaction.objects.select_related("payment").get(pk=self.cleaned_data["seen"])


class SplitForm(DisputeDialog):
    note = fields.note(help_text=gettext_lazy("Say why; it is kept with the dispute."))
    submit_text = gettext_lazy("Take it from these")

    def prepare(self) -> None:
        self.parts = split_shown(dispute=self.row)
        added = {
            f"from_{payable.pk}": fields.MoneyField(
                label=_("From {what}").format(what=payable),
                currency=self.row.currency,
                initial=rounded(share, self.row.currency),
                nothing=_("Nothing was moved."),
            )
            for payable, share in self.parts
        }
        self.fields = {**self.fields, **added}
        self.order_fields([*added, "note"])
        self.drop_fields()

    def sentence(self) -> Words:
        if lost_of(dispute=self.row) > 0:
            return _("The loss is lost; what you type moves it: less is owed again on one, more on another.")
        return _("No money moves now. If the dispute is lost, {amount} is taken as you type.").format(
            amount=self.shown(self.row.amount)
        )

    def unavailable(self) -> Words:
        if not self.parts:
            return _("Link the dispute to its payment first.")
        if all(payable.kind != PayableKind.INVOICE for payable, _share in self.parts):
            return _("The payment paid no invoice.")
        return ""

    def lines(self) -> dict[int, Decimal]:
        return {payable.pk: self.cleaned_data[f"from_{payable.pk}"] for payable, _share in self.parts}


class WriteOffForm(DisputeDialog):
    note = fields.note(help_text=gettext_lazy("Say why; it is kept with the dispute."))
    submit_text = gettext_lazy("Write it off")
    back_text = gettext_lazy("Keep it owed")

    def prepare(self) -> None:
        self.drop_fields()

    def sentence(self) -> Words:
        return _(
            "What customers owe again because of this dispute, at most {amount}, becomes bad debt; they are not asked "
            "for it any more."
        ).format(amount=self.shown(lost_of(dispute=self.row)))

    def unavailable(self) -> Words:
        return "" if lost_of(dispute=self.row) > 0 else _("This dispute is not lost.")
