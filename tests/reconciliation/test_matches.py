"""Which line meets which expectation, and what is left when a person takes them apart."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import IntegrityError
from django.utils import timezone

from commerce.models import User
from oropay.models import PaymentTransaction, ProviderAccount
from reconciliation.exceptions import AlreadyUndone, RemarkRequired
from reconciliation.models import CaseKind, ExceptionCase, Match, MatchPart
from reconciliation.services import Pulled, match_exact, match_undo, report_store
from tests.reconciliation.conftest import MONDAY, WEDNESDAY, Clock
from tests.reconciliation.standin import Reports, line

Pay = Callable[..., PaymentTransaction]
PullNow = Callable[..., Pulled]

THURSDAY = date(2026, 11, 19)


def test_a_match_taken_apart_is_not_joined_again_and_its_sides_are_looked_at_anew(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, clerk: User
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(THURSDAY)
    pull()
    with pytest.raises(RemarkRequired):
        match_undo(match=Match.objects.get(), remark="", by=clerk, now=timezone.now())

    match_undo(match=Match.objects.get(), remark="belongs to the other shop", by=clerk, now=timezone.now())
    pull()

    assert not MatchPart.objects.filter(live=True).exists()
    assert Match.objects.get().undo.remark == "belongs to the other shop"
    assert set(ExceptionCase.objects.values_list("kind", "resolution")) == {
        (CaseKind.UNEXPECTED, ""),
        (CaseKind.LATE, ""),
    }
    with pytest.raises(AlreadyUndone):
        match_undo(match=Match.objects.get(), remark="again", by=clerk, now=timezone.now())


def test_a_line_whose_match_a_person_took_apart_still_names_our_transaction(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, clerk: User
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    pull()

    match_undo(match=Match.objects.get(), remark="wrong", by=clerk, now=timezone.now())
    at_once = ExceptionCase.objects.get().transaction
    pull()

    case = ExceptionCase.objects.get()
    assert (case.kind, at_once, case.transaction) == (CaseKind.UNEXPECTED, charge, charge)


def test_two_live_matches_of_one_line_are_refused_by_the_database(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    pull()
    part = MatchPart.objects.get()

    with pytest.raises(IntegrityError, match="line_matched_once"):
        MatchPart.objects.create(match=part.match, settlement_line=part.settlement_line)


def test_another_account_of_the_seller_is_not_matched_with(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, account: ProviderAccount
) -> None:
    charge = pay("100.00")
    other = ProviderAccount.objects.get(pk=account.pk)
    other.pk, other.name, other.settlement_account = None, "Other", "another"
    other.save()
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    report_store(provider_account=other, lines=gateway.lines, advices=gateway.deposits, now=timezone.now())

    assert match_exact(provider_account=other, now=timezone.now()) == 0
    assert pull().matches == 1
