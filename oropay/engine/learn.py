"""What an answer about money says about the card or account it was paid with."""

from oropay.engine.follow import Recording
from oropay.engine.wallet import instrument_gone
from oropay.gateway.port import Answer, Verdict
from oropay.models import FINAL, Instrument, InstrumentKind, InstrumentState, TransactionState
from oropay.services.join import fingerprint_write, instrument_keep, instrument_wait, instrument_wait_end

S = TransactionState


def instrument_learn(*, news: Recording, state: TransactionState) -> None:
    """Note what an answer says about the instrument; one that was to be kept becomes a saved one, or joins its twin.

    Of a declined card only which one it is: so that its declines are counted, however often it is typed anew.
    If the answer was lost and we learn of the approval by a look-up, there is no lasting token: the card is not kept
    and the page says so. If it says that the payment is in review, the card is kept once that is released.
    A card that the gateway no longer knows is not offered again, nor an account that its bank calls wrong.
    """
    instrument, answer = news.payment.instrument, news.answer
    if instrument is None:
        return
    if answer.card_gone:
        instrument_gone(instrument=instrument, token=instrument.token)
    if answer.verdict == Verdict.MISDIRECTED:
        Instrument.objects.filter(pk=instrument.pk, state=InstrumentState.ACTIVE).update(state=InstrumentState.DEAD)
    if state == S.DECLINED and instrument.kind == InstrumentKind.CARD and answer.fingerprint:
        _fingerprint_learn(instrument=instrument, fingerprint=answer.fingerprint)
    waits = state == S.REVIEW and news.payment.keep_instrument and bool(answer.kept_token)
    if instrument.kind == InstrumentKind.CARD and (waits or state in {S.APPROVED, S.PENDING}):
        _card_learn(instrument=instrument, answer=answer)
    if waits:
        instrument_wait(instrument=instrument, token=answer.kept_token)
    if state in FINAL:
        instrument_wait_end(instrument=instrument, stands=state == S.APPROVED, now=news.now)
    if state not in {S.APPROVED, S.PENDING}:
        return
    if news.payment.keep_instrument and (instrument.kind == InstrumentKind.BANK or answer.kept_token):
        instrument_keep(
            instrument=instrument, fingerprint=instrument.fingerprint, token=answer.kept_token, now=news.now
        )


def _fingerprint_learn(*, instrument: Instrument, fingerprint: str) -> None:
    if fingerprint != instrument.fingerprint:
        fingerprint_write(instrument=instrument, fingerprint=fingerprint)


def _card_learn(*, instrument: Instrument, answer: Answer) -> None:
    """Also the new expiry of a card that its issuer renewed, where the gateway tells it."""
    said = {
        "brand": answer.brand[:20],
        "last4": answer.last4,
        "expiry_month": answer.expiry_month,
        "expiry_year": answer.expiry_year,
        "brand_reference": instrument.brand_reference or answer.brand_reference,
    }
    if answer.fingerprint:
        _fingerprint_learn(instrument=instrument, fingerprint=answer.fingerprint)
    changed = {name: value for name, value in said.items() if value and getattr(instrument, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(instrument, name, value)
        Instrument.objects.filter(pk=instrument.pk).update(**changed)
