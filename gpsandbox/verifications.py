"""POST /verifications: ask the issuer about a card without moving money."""

import json
import secrets
from typing import Any

from gpsandbox import accounts, currencies, errors, fields, ids, sources
from gpsandbox.call import Call
from gpsandbox.outcomes import LETTERS, Verdict
from gpsandbox.transactions import kept
from gpsandbox.transactions.create import COUNTRY, CURRENCY


def create(call: Call) -> dict[str, Any]:
    call.allow("VER_POST_Verify")
    account = call.account(accounts.TRANSACTIONS)
    call.reference = fields.reference(call.body)
    for name, shape in (("currency", CURRENCY), ("country", COUNTRY)):
        if not call.body.get(name):
            raise errors.missing(name, text="Request expects the following fields {names}")
        fields.pattern(call.body, name, shape)
    kept.stored_credential_check(call.body)
    source = sources.read(call, bank_allowed=False)
    card, outcome = source.card, source.outcome
    if card is None:
        raise errors.missing("payment_method.card")
    currencies.check(card.brand, call.body["currency"])
    if outcome.verdict == Verdict.BROKEN:
        raise errors.downstream("50013", outcome.message)
    verified = outcome.verdict == Verdict.APPROVED
    prints = sources.fingerprint_block(call, card) if source.fingerprint_wanted(approved=verified) else {}
    token_id = sources.keep(call, source, approved=verified)
    call.resource_id = ids.new("VER")
    cvv = outcome.cvv if card.cvv_given else "U"
    answer = {
        "id": call.resource_id,
        "time_created": call.stamp,
        "type": "VERIFICATION",
        "status": "VERIFIED" if verified else "NOT_VERIFIED",
        "channel": fields.choice(call.body, "channel", ("CNP", "CP"), default="CNP"),
        "currency": call.body["currency"],
        "country": call.body["country"],
        **call.owner(account),
        "reference": call.reference,
        "payment_method": {
            **({"id": token_id} if token_id else {}),
            **prints,
            "result": outcome.result,
            "message": outcome.message,
            "entry_mode": source.entry_mode,
            "card": {
                "brand": card.brand,
                "masked_number_last4": card.masked,
                "authcode": f"{secrets.randbelow(1_000_000):06}" if verified else "",
                "brand_reference": secrets.token_hex(7).upper() if verified else "",
                "cvv_result": LETTERS[cvv],
                "avs_address_result": LETTERS[outcome.address if source.avs_given else "U"],
                "avs_postal_code_result": LETTERS[outcome.postal_code if source.avs_given else "U"],
                "provider": {"result": outcome.result, "message": outcome.message, "cvv_result": cvv},
            },
        },
        "action": call.action("VERIFY", result="SUCCESS" if verified else "DECLINED"),
    }
    call.store.insert(
        "verifications",
        {
            "id": call.resource_id,
            "app_id": call.app_id,
            "reference": call.reference,
            "status": answer["status"],
            "created_at": call.stamp,
            "answer": json.dumps(answer),
        },
    )
    return answer
