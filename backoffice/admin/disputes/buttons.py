"""The buttons of a dispute: what each does with its valid form, and what the person is told."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.forms import dispute as forms
from backoffice.forms.assign import AssignForm
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant
from commerce.models import User
from commerce.money import format_money
from oropay.engine.disputes import dispute_link, dispute_split, dispute_unlink, dispute_write_off
from oropay.models import EvidenceType
from oropay.services.dispute import (
    dispute_accept,
    dispute_answer_withdraw,
    dispute_assign,
    dispute_challenge,
    dispute_remark,
    dispute_reread_ask,
    evidence_add,
    evidence_withdraw,
)

Does = Callable[[Any, User, datetime], Words]


def _button(
    title: Words, permission: str, icon: str, *, form: type[DialogForm], variant: Any = None
) -> Callable[[Does], Any]:
    """Make a button of the page, named like the function behind it."""

    def wrap(does: Does) -> Any:
        def pressed(self: Any, request: HttpRequest, form: Any) -> Words:
            return does(form, staff_of(request), timezone.now())

        pressed.__name__ = does.__name__
        return dialog(title=title, form=form, permissions=[permission], icon=icon, variant=variant)(pressed)

    return wrap


@_button(
    gettext_lazy("Accept"), "oropay.accept_dispute", "money_off", form=forms.AcceptForm, variant=ActionVariant.DANGER
)
def accept(form: forms.AcceptForm, by: User, now: datetime) -> Words:
    told, after = form.cleaned_data["note"], form.cleaned_data["after"]
    dispute_accept(dispute=form.row, not_pursued=form.not_pursued(), note=told, by=by, now=now, after=after)
    return _("The acceptance is on its way. The loss is booked once the gateway has confirmed it.")


@_button(
    gettext_lazy("Challenge"),
    "oropay.challenge_dispute",
    "gavel",
    form=forms.ChallengeForm,
    variant=ActionVariant.PRIMARY,
)
def challenge(form: forms.ChallengeForm, by: User, now: datetime) -> Words:
    letter, after = form.cleaned_data["letter"], form.cleaned_data["after"]
    dispute_challenge(dispute=form.row, evidence_ids=form.evidence_ids(), letter=letter, by=by, now=now, after=after)
    return _("The challenge is on its way. This page shows when the gateway has it.")


@_button(gettext_lazy("Withdraw the answer"), "oropay.challenge_dispute", "undo", form=forms.WithdrawAnswerForm)
def withdraw_answer(form: forms.WithdrawAnswerForm, by: User, now: datetime) -> Words:
    dispute_answer_withdraw(dispute=form.row, note=form.cleaned_data["note"], by=by, now=now)
    return _("Nothing was sent. The dispute waits for another answer.")


@_button(gettext_lazy("Add evidence"), "oropay.challenge_dispute", "attach_file", form=forms.EvidenceForm)
def add_evidence(form: forms.EvidenceForm, by: User, now: datetime) -> Words:
    kind, about = EvidenceType(form.cleaned_data["type"]), form.cleaned_data["description"]
    added = evidence_add(dispute=form.row, files=form.uploaded(), kind=kind, description=about, by=by, now=now)
    return _("{n} added. Nothing is sent before you challenge.").format(n=", ".join(one.document.name for one in added))


@_button(gettext_lazy("Withdraw evidence"), "oropay.challenge_dispute", "remove_circle", form=forms.WithdrawForm)
def withdraw_evidence(form: forms.WithdrawForm, by: User, now: datetime) -> Words:
    evidence_withdraw(evidence=form.row.evidence.get(pk=form.cleaned_data["evidence"]), by=by, now=now)
    return _("The document does not go with a challenge any more.")


@_button(
    gettext_lazy("Link to a payment"), "oropay.link_dispute", "link", form=forms.LinkForm, variant=ActionVariant.PRIMARY
)
def link_payment(form: forms.LinkForm, by: User, now: datetime) -> Words:
    note, chosen = form.cleaned_data["note"], form.transaction()
    dispute_link(dispute=form.row, transaction=chosen, note=note, by=by, now=now)
    return _("The dispute is about payment #{number} now; what it took is booked.").format(number=chosen.payment_id)


@_button(
    gettext_lazy("Undo the link"),
    "oropay.link_dispute",
    "link_off",
    form=forms.UnlinkForm,
    variant=ActionVariant.WARNING,
)
def unlink_payment(form: forms.UnlinkForm, by: User, now: datetime) -> Words:
    charge = form.charge()
    dispute_unlink(dispute=form.row, charge=charge, note=form.cleaned_data["note"], by=by, now=now)
    return _("The dispute is not about payment #{number} any more; link it to the right one.").format(
        number=charge.payment_id
    )


@_button(gettext_lazy("What a loss is taken from"), "oropay.link_dispute", "call_split", form=forms.SplitForm)
def split(form: forms.SplitForm, by: User, now: datetime) -> Words:
    dispute_split(dispute=form.row, lines=form.lines(), note=form.cleaned_data["note"], by=by, now=now)
    return _("It is taken as you said.")


@_button(
    gettext_lazy("Write off"),
    "oropay.write_off_dispute",
    "delete_sweep",
    form=forms.WriteOffForm,
    variant=ActionVariant.WARNING,
)
def write_off(form: forms.WriteOffForm, by: User, now: datetime) -> Words:
    amount = dispute_write_off(dispute=form.row, note=form.cleaned_data["note"], by=by, now=now)
    return _("{amount} is written off.").format(amount=format_money(amount, form.row.currency))


@_button(gettext_lazy("Assign"), "oropay.change_dispute", "person", form=AssignForm)
def assign(form: AssignForm, by: User, now: datetime) -> Words:
    row = dispute_assign(dispute=form.row, owner=form.chosen(), by=by)
    return _("{name} looks after it.").format(name=row.owner) if row.owner else _("Nobody looks after it now.")


@_button(gettext_lazy("Remark"), "oropay.change_dispute", "comment", form=forms.RemarkForm)
def remark(form: forms.RemarkForm, by: User, now: datetime) -> Words:
    dispute_remark(dispute=form.row, text=form.cleaned_data["text"], by=by, now=now)
    return _("The remark is kept.")


@_button(gettext_lazy("Read again"), "oropay.change_dispute", "refresh", form=forms.RereadForm)
def read_again(form: forms.RereadForm, by: User, now: datetime) -> Words:
    dispute_reread_ask(dispute=form.row, now=now)
    return _("The gateway is asked; its news is here in a few seconds.")
