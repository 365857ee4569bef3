"""Dialogs that queue a money action: each says in one sentence what will happen to the money."""

from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.display import day_of
from backoffice.forms import fields
from backoffice.unfolded import widgets
from commerce.money import format_money, rounded
from oropay.exceptions import CaptureRefused
from oropay.gateway.port import Capture
from oropay.models import (
    HOLDS,
    Action,
    CardCheck,
    Payment,
    PaymentTransaction,
    RefundReason,
    Ruling,
    TransactionState,
)
from oropay.selectors import family_of
from oropay.services import (
    Allowed,
    WaysBack,
    cancelable,
    capturable,
    held_until,
    releasable,
    renewable,
    rest_releasable,
    verdict_refusal,
    ways_back,
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
        """What nobody has taken yet: a hold, or what is in review. What was taken is given back: see `charges`."""
        return self._first(
            [
                (row, cancelable(transaction=row, family=self.family))
                for row in self.family
                if row.action in HOLDS or row.state == TransactionState.REVIEW
            ]
        )

    def was_renewed(self, hold: PaymentTransaction) -> bool:
        """Whether a newer hold stands in its place; it is released itself all the same if that was not done."""
        return any(
            (row.parent_id, row.action, row.state) == (hold.pk, Action.REAUTHORIZE, TransactionState.APPROVED)
            for row in self.family
        )

    def rest(self) -> tuple[PaymentTransaction, Allowed] | None:
        """What is left of a hold captured in part, to be let go."""
        return self._first(
            [(row, rest_releasable(hold=row, family=self.family)) for row in self.family if row.action in HOLDS]
        )

    def charges(self) -> list[tuple[PaymentTransaction, WaysBack]]:
        """What was taken, or is being debited, and may be given back."""
        every = [
            (row, ways_back(charge=row, family=self.family))
            for row in self.family
            if row.state != TransactionState.REVIEW
        ]
        return [(row, ways) for row, ways in every if ways.most > 0]

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
        self.drop_fields()

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
                "{day}, when the hold expires."
            ).format(
                instrument=self.payment.instrument,
                limit=self.shown(self.target[1].limit),
                day=day_of(held_until(self.target[0])),
            )
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
    reason = fields.choice(label=gettext_lazy("Reason"), choices=RefundReason.choices)
    note = fields.note()
    back_text = gettext_lazy("Keep it")

    def fit(self) -> None:
        self.rest = self.offers.rest()
        self.target = self.rest or self.offers.cancel()
        in_review = self.target is not None and self.target[0].state == TransactionState.REVIEW
        self.submit_text = (
            _("Cancel the payment") if in_review else _("Release the rest") if self.rest else _("Release the hold")
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
        if self.rest is not None:
            return _(
                "Nothing is taken or given back. {amount} of the hold on {instrument} will not be captured any more "
                "and counts as released at once; the card's bank frees it by {day}, when the hold expires."
            ).format(amount=self.shown(allowed.limit), instrument=self.payment.instrument, day=day_of(held_until(row)))
        said = (
            _(
                "The hold of {amount} on {instrument} was renewed and not let go, so the card's bank holds the amount "
                "twice. The older hold is released in full; the newer one stays and nothing is taken."
            )
            if self.offers.was_renewed(row)
            else _("The hold of {amount} on {instrument} is released in full; nothing is taken.")
        )
        return said.format(amount=self.shown(allowed.limit), instrument=self.payment.instrument)

    def unavailable(self) -> str:
        return "" if self.target else _("Nothing is held that could be canceled. What was taken is refunded.")
