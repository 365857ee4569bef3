"""The `payment_method` of a request: a card, a bank account or a stored token, and what becomes of it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from gpsandbox import accounts, apms, banks, cards, clock, errors, fields, ids, outcomes, wallets
from gpsandbox.apms import Apm
from gpsandbox.banks import BankAccount
from gpsandbox.call import Call
from gpsandbox.cards import Card
from gpsandbox.outcomes import Outcome, Verdict
from gpsandbox.store import Row

ENTRY_MODES = {
    "CNP": ("ECOM", "MOTO", "MAIL", "PHONE", "IN_APP"),
    "CP": ("MANUAL", "SWIPE", "CHIP", "CONTACTLESS_CHIP", "CONTACTLESS_SWIPE"),
}
"""Channel → how the card may have been read; the first is the default."""
SINGLE_LIFE = timedelta(hours=1)
"""A single-use token that nobody used is gone after this long. Our choice; the gateway only says "short"."""

FOREVER = "9999-12-31T23:59:59.999Z"


@dataclass(frozen=True)
class Source:
    """Where the money of one call comes from."""

    card: Card | None
    """Also the card behind a wallet."""
    account: BankAccount | None
    apm: Apm | None
    wallet: str
    """The provider of a digital wallet."""
    token: Row | None
    name: str
    entry_mode: str
    outcome: Outcome
    storage_mode: str
    fingerprint_mode: str
    narrative: str
    """What the payer's statement shall say."""
    avs_given: bool
    chip: bool

    @property
    def method(self) -> str:
        if self.wallet:
            return "DIGITAL_WALLET"
        if self.apm:
            return "APM"
        return "CARD" if self.card else "BANK_TRANSFER"

    def fingerprint_wanted(self, *, approved: bool) -> bool:
        return self.fingerprint_mode == "ALWAYS" or (self.fingerprint_mode == "ON_SUCCESS" and approved)


def read(call: Call, *, bank_allowed: bool = True) -> Source:
    """Understand `payment_method` and use up a single-use token."""
    fields.require(call.body, "payment_method")
    body = fields.section(call.body, "payment_method")
    details = fields.section(body, "card")
    token: Row | None = None
    card: Card | None = None
    account: BankAccount | None = None
    apm: Apm | None = None
    wallet = ""
    if body.get("id"):
        token = _token(call, body["id"])
        card = cards.of_row(token)
        card = replace(
            card,
            cvv_given=card.cvv_given or bool(details.get("cvv")),
            brand_reference=fields.text(details, "brand_reference", most=50) or card.brand_reference,
        )
    elif details:
        card = _card(call, details)
    elif body.get("digital_wallet"):
        wallet, card = wallets.read(
            fields.section(body, "digital_wallet"),
            amount=fields.minor_units(call.body, "amount") or 0,
            settings=call.settings,
            now=call.now,
        )
    elif body.get("apm") and bank_allowed:
        apm = apms.read(call.body)
    elif body.get("bank_transfer") and bank_allowed:
        account = banks.read(fields.section(body, "bank_transfer"))
    elif any(body.get(kind) for kind in ("bank_transfer", "apm", "bnpl")):
        raise errors.rule_broken("This payment method is not supported by the account")
    else:
        raise errors.missing("payment_method.card")
    return Source(
        card=card,
        account=account,
        apm=apm,
        wallet=wallet,
        token=token,
        name=_name(body) or (token["name"] if token else ""),
        entry_mode=_entry_mode(call, body),
        outcome=_outcome(call, card, account),
        storage_mode=fields.choice(body, "storage_mode", ("ALWAYS", "ON_SUCCESS")),
        fingerprint_mode=fields.choice(body, "fingerprint_mode", ("ALWAYS", "ON_SUCCESS")),
        narrative=fields.free_text(body, "narrative"),
        avs_given=bool(details.get("avs_address") or details.get("avs_postal_code")),
        chip=bool(details.get("tag")),
    )


def keep(call: Call, source: Source, *, approved: bool) -> str:
    """The lasting PMT_ name this payment leaves behind, or nothing.

    A token that lasts already keeps its name; `storage_mode` turns a card or single-use token into a lasting one.
    """
    if source.token and source.token["usage_mode"] != "SINGLE":
        return str(source.token["id"])
    if (
        source.card is None
        or source.wallet
        or not (source.storage_mode == "ALWAYS" or (source.storage_mode and approved))
    ):
        return ""
    return store_card(call, source.card, usage_mode="MULTIPLE", name=source.name, reference=call.reference)


def store_card(call: Call, card: Card, *, usage_mode: str, name: str, reference: str) -> str:
    """Keep a card under a new PMT_ name, masked."""
    account = call.session.merchant.account(accounts.TOKENIZATION)
    payment_method_id = ids.new_payment_method()
    call.store.insert(
        "payment_methods",
        {
            "id": payment_method_id,
            "app_id": call.app_id,
            "account_id": account.id,
            "account_name": account.name,
            "reference": reference,
            "usage_mode": usage_mode,
            "status": "ACTIVE",
            "name": name,
            "brand": card.brand,
            "first6": card.first6,
            "last4": card.last4,
            "expiry_month": card.expiry_month,
            "expiry_year": card.expiry_year,
            "cvv_given": int(card.cvv_given and usage_mode == "SINGLE"),
            "fingerprint": card.fingerprint,
            "brand_reference": card.brand_reference,
            "outcome": card.outcome,
            "created_at": call.stamp,
            "updated_at": call.stamp,
            "expires_at": clock.stamp(call.now + SINGLE_LIFE) if usage_mode == "SINGLE" else FOREVER,
        },
    )
    return payment_method_id


def find_token(call: Call, payment_method_id: str) -> Row:
    """A stored card that can still be used. Raises 404 for one that is unknown, deleted, used up or too old."""
    if not ids.PAYMENT_METHOD.match(payment_method_id):
        raise errors.invalid("40213", f"payment_method.id: {payment_method_id} contains unexpected data")
    found = call.store.row(
        "SELECT * FROM payment_methods WHERE id = ? AND app_id = ? AND status = 'ACTIVE' AND expires_at > ?",
        (payment_method_id, call.app_id, call.stamp),
    )
    if found is None:
        raise errors.payment_method_unknown(payment_method_id)
    return found


def fingerprint_block(call: Call, card: Card) -> dict[str, str]:
    """The fingerprint of a card and whether this merchant has seen it before."""
    seen = call.store.value(
        "SELECT EXISTS (SELECT 1 FROM payment_methods WHERE fingerprint = ?1 AND app_id = ?2)"
        " OR EXISTS (SELECT 1 FROM transactions WHERE fingerprint = ?1 AND app_id = ?2)",
        (card.fingerprint, call.app_id),
    )
    return {"fingerprint": card.fingerprint, "fingerprint_presence_indicator": "EXISTS" if seen else "NEW"}


def _token(call: Call, payment_method_id: Any) -> Row:
    if not isinstance(payment_method_id, str):
        raise errors.unexpected_data("payment_method.id")
    token = find_token(call, payment_method_id)
    if token["usage_mode"] == "SINGLE":
        call.store.update("payment_methods", token["id"], status="USED", updated_at=call.stamp)
    return token


def _card(call: Call, details: dict[str, Any]) -> Card:
    """A typed card, or one that a terminal read."""
    present = call.body.get("channel") == "CP"
    if details.get("track"):
        if not present:
            raise errors.unexpected_fields("payment_method.card.track")
        return cards.of_track(details, settings=call.settings)
    # The suite's cards for terminals ran out in 2025.
    expired = call.settings.conformance and present
    return cards.read(details, settings=call.settings, now=call.now, may_be_expired=expired)


def _entry_mode(call: Call, body: dict[str, Any]) -> str:
    modes = ENTRY_MODES["CP" if call.body.get("channel") == "CP" else "CNP"]
    return fields.choice(body, "entry_mode", modes, default=modes[0])


def _name(body: dict[str, Any]) -> str:
    parts = (fields.free_text(body, "first_name"), fields.free_text(body, "last_name"))
    return fields.free_text(body, "name") or " ".join(part for part in parts if part)


def _outcome(call: Call, card: Card | None, account: BankAccount | None) -> Outcome:
    chosen = outcomes.BY_NAME[card.outcome if card else account.outcome if account else outcomes.APPROVED.name]
    if call.forced:
        return replace(chosen, verdict=Verdict.DECLINED, result=call.forced.result, message=call.forced.message)
    return chosen
