"""The same card or account of one owner is saved once, whoever is faster."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Barrier

import pytest
from django.db import IntegrityError, connection
from django.db.transaction import atomic
from django.utils import timezone

from commerce.models import Order, User
from oropay import engine, vault
from oropay.exceptions import InstrumentNotChanged
from oropay.models import (
    Freeze,
    Instrument,
    InstrumentDefault,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentRequestState,
    InstrumentState,
    Integration,
    MoneyState,
    Payment,
    PaymentTransaction,
    Purpose,
    TransactionState,
)
from oropay.selectors import paying_view
from oropay.services import (
    NewCard,
    SavedInstrument,
    card_validate_start,
    instrument_edit,
    instrument_prefer,
    instrument_restore,
)
from oropay.services.outbox import request_add
from oropay.vault.contexts import vault_context
from tests.contract.sandbox import VISA, Sandbox
from tests.oropay.house import bank
from tests.oropay.wallet import removed, work

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


@pytest.fixture
def check(order: Order, integration: Integration, buyer: User, sandbox: Sandbox) -> Callable[[], Payment]:
    """Enter the same card to save it without paying."""

    def check() -> Payment:
        return card_validate_start(
            customer=order.customer,
            owner=buyer,
            integration_id=integration.pk,
            card=NewCard(token=sandbox.card_token(VISA), last4=VISA[-4:]),
            attempt_key=uuid.uuid4(),
            by=buyer,
            website=order.website,
            now=timezone.now(),
        )

    return check


def twin(card: Instrument, **columns: object) -> Instrument:
    """Another row for the same card, as no service would write it."""
    return Instrument.objects.create(
        **{
            "kind": card.kind,
            "state": InstrumentState.ACTIVE,
            "customer": card.customer,
            "owner": card.owner,
            "provider_account": card.provider_account,
            "token": "PMT_twin",
            "fingerprint": card.fingerprint,
        }
        | columns
    )


@pytest.mark.parametrize("state", [InstrumentState.ACTIVE, InstrumentState.FROZEN, InstrumentState.DEAD])
def test_the_database_refuses_a_second_row_for_a_saved_card(saved: Instrument, state: InstrumentState) -> None:
    with pytest.raises(IntegrityError, match="instrument_saved_once"), atomic():
        twin(saved, state=state)

    assert Instrument.objects.filter(fingerprint=saved.fingerprint).get() == saved


def test_the_company_s_card_that_is_saved_twice_is_refused_too(saved: Instrument) -> None:
    """Its owner is nobody, and nobody is one owner."""
    twin(saved, owner=None)

    with pytest.raises(IntegrityError, match="instrument_saved_once"), atomic():
        twin(saved, owner=None)


def test_cards_without_a_name_removed_ones_and_those_used_once_may_be_many(saved: Instrument) -> None:
    for columns in ({"fingerprint": ""}, {"state": InstrumentState.DELETED}, {"state": InstrumentState.ONCE}):
        twin(saved, **columns)
        twin(saved, **columns)

    assert Instrument.objects.count() == 7


@pytest.mark.django_db(transaction=True)
def test_four_workers_that_save_the_same_card_at_once_save_one(check: Callable[[], Payment]) -> None:
    checks = [check().transactions.get().pk for _ in range(4)]
    together = Barrier(4)

    def send(pk: int) -> None:
        together.wait(10)
        try:
            engine.execute(transaction_id=pk, now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for sent in [pool.submit(send, pk) for pk in checks]:
            sent.result(30)

    states = PaymentTransaction.objects.filter(pk__in=checks).values_list("state", flat=True)
    assert list(states) == [TransactionState.APPROVED] * 4
    kept = Instrument.objects.get(state=InstrumentState.ACTIVE)
    assert Instrument.objects.filter(state=InstrumentState.ONCE, same_as=kept).count() == 3
    forgotten = InstrumentRequest.objects.filter(kind=InstrumentRequestKind.DELETE, instrument=kept)
    assert forgotten.count() == 3
    assert not forgotten.filter(token=kept.token).exists()


def test_who_enters_a_saved_card_again_reads_that_it_was_renewed(
    check: Callable[[], Payment], saved: Instrument, run: Run
) -> None:
    again = check()
    run(again)

    payment = Payment.objects.get(pk=again.pk)
    view = paying_view(payment=payment, now=timezone.now())
    assert (view.state, view.sentence, view.card_not_kept) == (
        MoneyState.VALIDATED,
        "You have this card already. What was saved is renewed with what you entered; nothing was charged.",
        False,
    )
    assert Instrument.objects.get(state=InstrumentState.ACTIVE) == saved


def test_an_own_card_is_not_shared_with_a_company_that_has_it(saved: Instrument, buyer: User) -> None:
    twin(saved, owner=None)

    with pytest.raises(InstrumentNotChanged, match=r"The company has it already; you may remove yours\."):
        instrument_edit(instrument=saved, nickname="Plant 2", share=True, by=buyer, now=timezone.now())

    saved.refresh_from_db()
    assert (saved.owner, saved.nickname) == (buyer, "")


def test_what_was_entered_again_meanwhile_is_not_brought_back(saved: Instrument, buyer: User) -> None:
    removed(saved, buyer)
    twin(saved)

    with pytest.raises(InstrumentNotChanged, match="It was saved again meanwhile"):
        instrument_restore(instrument=saved, now=timezone.now())

    saved.refresh_from_db()
    assert saved.state == InstrumentState.DELETED


def test_a_payment_is_recorded_though_its_card_turns_out_to_be_another_saved_one(
    saved: Instrument, start: Start, run: Run
) -> None:
    """A card saved before its gateway told fingerprints."""
    nameless = twin(saved, fingerprint="", token=saved.token)
    Instrument.objects.filter(pk=saved.pk).update(token="PMT_other")

    charge = run(start(source=SavedInstrument(instrument_id=nameless.pk)))

    nameless.refresh_from_db()
    assert (charge.state, nameless.state, nameless.fingerprint) == (
        TransactionState.APPROVED,
        InstrumentState.ACTIVE,
        "",
    )


def test_a_card_that_is_frozen_for_the_seller_is_not_saved_and_the_gateway_forgets_it(
    check: Callable[[], Payment], saved: Instrument, buyer: User, run: Run
) -> None:
    Freeze.objects.create(
        organization=saved.customer.organization, fingerprint=saved.fingerprint, last4="5262", frozen_at=timezone.now()
    )
    work(removed(saved, buyer))

    again = check()
    run(again)

    card = Payment.objects.get(pk=again.pk).instrument
    assert card is not None
    assert card.state == InstrumentState.ONCE
    forget = InstrumentRequest.objects.get(instrument=card)
    assert (forget.kind, forget.restores_to) == (InstrumentRequestKind.DELETE, "")
    assert forget.token not in {"", card.token}
    assert paying_view(payment=Payment.objects.get(pk=again.pk), now=timezone.now()).card_not_kept


def test_what_was_saved_twice_before_is_joined_when_the_database_is_upgraded(saved: Instrument, buyer: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP INDEX instrument_saved_once")
    second, frozen = twin(saved, token="PMT_second"), twin(saved, token="PMT_third", state=InstrumentState.FROZEN)
    other = twin(saved, owner=None)
    instrument_prefer(instrument=second, purpose=Purpose.ORDERS, on=True, user=buyer, now=timezone.now())

    with connection.cursor() as cursor:
        cursor.execute(import_module("oropay.migrations.0026_join_twins").JOIN)

    found = {row.pk: (row.state, row.same_as_id) for row in Instrument.objects.exclude(state=InstrumentState.ONCE)}
    assert found == {
        frozen.pk: (InstrumentState.FROZEN, None),
        saved.pk: (InstrumentState.DELETED, frozen.pk),
        second.pk: (InstrumentState.DELETED, frozen.pk),
        other.pk: (InstrumentState.ACTIVE, None),
    }
    assert InstrumentDefault.objects.get().instrument == frozen
    asked = InstrumentRequest.objects.order_by("token").values_list("token", "kind", "restores_to")
    assert list(asked) == sorted((row.token, "delete", "") for row in (saved, second))


def test_an_account_that_its_bank_corrects_to_a_saved_one_becomes_that_one(start: Start, run: Run, buyer: User) -> None:
    right = run(start(source=bank("5550001112", keep=True), amount="10.00")).payment.instrument
    wrong = run(start(source=bank("5550001113", keep=True), amount="10.00")).payment.instrument
    assert right is not None
    assert wrong is not None
    sealed = Instrument.objects.get(pk=right.pk)
    number = vault.unseal(
        sealed=vault.Sealed(key_id=sealed.key_id, blob=bytes(sealed.sealed or b"")), context=vault_context(sealed)
    )
    box = vault.seal(secret=number, context=vault_context(wrong))
    Instrument.objects.filter(pk=wrong.pk).update(sealed=box.blob, key_id=box.key_id)
    instrument_prefer(instrument=wrong, purpose=Purpose.INVOICES, on=True, user=buyer, now=timezone.now())
    asked = request_add(
        instrument=wrong,
        kind=InstrumentRequestKind.IDENTIFY,
        token="notice-1",
        by=buyer,
        due=timezone.now(),
        now=timezone.now(),
    )

    assert work(asked).state == InstrumentRequestState.DONE

    wrong.refresh_from_db()
    assert (wrong.state, wrong.same_as, wrong.fingerprint) == (InstrumentState.DELETED, right, sealed.fingerprint)
    assert (wrong.sealed, wrong.key_id) == (None, "")
    assert Instrument.objects.get(pk=right.pk).state == InstrumentState.ACTIVE
    assert not InstrumentDefault.objects.exists()
