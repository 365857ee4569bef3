"""What every good answer of the API must look like: JSON Schemas written from the contract, applied to every call.

A schema names what must be there and of which form; further fields may be. `tests/gpsandbox/client.py` validates each
HTTP 200 of the API against the schema of its operation, so that no test can overlook a misshapen answer.
"""

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
AMOUNT: Schema = {"type": "string", "pattern": "^-?[0-9]{1,15}$"}
"""Minor units as text, without a decimal point."""
NO_AMOUNT: Schema = {"type": "string", "pattern": "^(-?[0-9]{1,15})?$"}
TIME: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"}
NO_TIME: Schema = {"anyOf": [TIME, {"const": ""}]}
DAY: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}
COUNT: Schema = {"type": "integer", "minimum": 0}
CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
MASKED: Schema = {"type": "string", "pattern": "^X{4,}[0-9]{4}$"}
YES_NO: Schema = {"enum": ["YES", "NO", ""]}


def named(prefix: str) -> Schema:
    """An id such as TRN_…; at most 50 characters."""
    return {"type": "string", "pattern": f"^{prefix}_[A-Za-z0-9_-]{{1,46}}$"}


def one_of(*words: str) -> Schema:
    return {"enum": list(words)}


def has(**fields: Schema) -> Schema:
    """An object that must have these fields."""
    return {"type": "object", "required": list(fields), "properties": fields}


def may(**fields: Schema) -> Schema:
    """An object whose fields, where they are, look like this."""
    return {"type": "object", "properties": fields}


def both(*schemas: Schema) -> Schema:
    return {"allOf": list(schemas)}


def rows(item: Schema) -> Schema:
    return {"type": "array", "items": item}


ACTION = has(
    id=named("ACT"),
    type=TEXT,
    time_created=TIME,
    result_code=one_of("SUCCESS", "DECLINED", "PENDING", "ERROR"),
    app_id=TEXT,
    app_name=TEXT,
)
DONE = has(action=ACTION)
"""Every resource ends with its action."""
OWNED = has(merchant_id=TEXT, merchant_name=TEXT, account_id=TEXT, account_name=TEXT)

CARD = both(
    has(brand=TEXT, masked_number_last4=MASKED),
    may(
        authcode=TEXT,
        brand_reference=TEXT,
        cvv_result=one_of("MATCHED", "NOT_MATCHED", "NOT_CHECKED", ""),
        avs_address_result=one_of("MATCHED", "NOT_MATCHED", "NOT_CHECKED", ""),
        avs_postal_code_result=one_of("MATCHED", "NOT_MATCHED", "NOT_CHECKED", ""),
    ),
)
BANK = has(masked_account_number_last4=MASKED, account_type=TEXT)
PAID_WITH = both(has(result=TEXT, message=TEXT), may(card=CARD, bank_transfer=BANK, id=named("PMT"), entry_mode=TEXT))
TRANSACTION_STATUS = one_of(
    "FOR_REVIEW", "INITIATED", "PENDING", "PREAUTHORIZED", "CAPTURED", "BATCHED", "REVERSED", "DECLINED", "FUNDED",
    "FAILED", "REJECTED",
)  # fmt: skip
TRANSACTION_ITEM = both(
    has(
        id=named("TRN"),
        time_created=TIME,
        type=one_of("SALE", "REFUND"),
        status=TRANSACTION_STATUS,
        channel=one_of("CNP", "CP"),
        amount=AMOUNT,
        currency=CURRENCY,
        country=TEXT,
        reference=TEXT,
        payment_method=PAID_WITH,
    ),
    OWNED,
    may(risk_assessment=rows(has(mode=TEXT, result=TEXT))),
)
TRANSACTION = both(TRANSACTION_ITEM, DONE)

STORED_ITEM = has(
    id=named("PMT"),
    time_created=TIME,
    status=one_of("ACTIVE", "DELETED", "INACTIVE"),
    reference=TEXT,
    card=has(number_last4=MASKED),
)
STORED = both(STORED_ITEM, DONE)

DEPOSIT_ITEM = has(
    id=named("DEP"),
    time_created=DAY,
    status=one_of("FUNDED", "SPLIT_FUNDING", "SPLIT FUNDING", "DELAYED", "RESERVED", "IRREG", "RELEASED"),
    funding_type=one_of("CREDIT", "DEBIT"),
    amount=AMOUNT,
    currency=CURRENCY,
    sales=has(count=COUNT, amount=AMOUNT),
    refunds=has(count=COUNT, amount=AMOUNT),
    fees=has(amount=AMOUNT),
    disputes=has(
        chargebacks=has(count=COUNT, amount=AMOUNT),
        reversals=has(count=COUNT, amount=AMOUNT),
    ),
)
BATCH = both(
    has(
        id=named("BAT"),
        time_created=TIME,
        status=one_of("OPEN", "CLOSED"),
        amount=AMOUNT,
        batch_transaction_count=COUNT,
        sales=has(count=COUNT, amount=AMOUNT),
        refunds=has(count=COUNT, amount=AMOUNT),
    ),
    DONE,
)


AUTHENTICATION_ITEM = both(
    has(
        id=named("AUT"),
        time_created=TIME,
        status=one_of(
            "AVAILABLE", "NOT_AVAILABLE", "NOT_ENROLLED", "CHALLENGE_REQUIRED", "PENDING", "SUCCESS_AUTHENTICATED",
            "SUCCESS_ATTEMPT_MADE", "NOT_AUTHENTICATED", "FAILED",
        ),
        amount=AMOUNT,
        currency=CURRENCY,
        reference=TEXT,
        three_ds=both(
            has(
                enrolled_status=one_of("ENROLLED", "NOT_ENROLLED"),
                message_version=TEXT,
                server_trans_ref=TEXT,
                liability_shift=one_of("YES", "NO"),
            ),
            may(eci={"type": "string", "pattern": "^0[0-9]$"}, authentication_value=TEXT),
        ),
    ),
    OWNED,
)  # fmt: skip
AUTHENTICATION = both(AUTHENTICATION_ITEM, DONE)

STAGE = one_of(
    "RETRIEVAL", "CHARGEBACK", "REVERSAL", "SECOND_CHARGEBACK", "PRE_ARBITRATION", "ARBITRATION", "PRE_COMPLIANCE",
    "COMPLIANCE", "GOODFAITH",
)  # fmt: skip
DISPUTED = has(
    id=named("DIS"),
    stage=STAGE,
    amount=AMOUNT,
    currency=CURRENCY,
    reason_code=TEXT,
    reason_description=TEXT,
    result=one_of("PENDING", "FULFILLED", "WON", "LOST", "ACCEPTED", ""),
)
DISPUTE_ITEM = both(
    DISPUTED,
    has(status=one_of("UNDER_REVIEW", "WITH_MERCHANT", "CLOSED"), stage_time_created=TIME, time_to_respond_by=NO_TIME),
)
DISPUTE_ACTED = both(DISPUTED, has(status=TEXT, documents=rows({"type": "object"})), DONE)
DISPUTE_MONEY = both(
    DISPUTED,
    has(
        status=one_of("FUNDED", "DELAYED"),
        stage_time_created=TIME,
        deposit_id={"anyOf": [named("DEP"), {"const": ""}]},
        last_adjustment_amount=NO_AMOUNT,
        last_adjustment_funding=one_of("CREDIT", "DEBIT", ""),
        transaction={"type": "object"},
    ),
)

LINK_ITEM = both(
    has(
        id=named("LNK"),
        time_created=TIME,
        status=one_of("ACTIVE", "CLOSED", "PAID", "INACTIVE", "EXPIRED"),
        type=one_of("PAYMENT", "HOSTED_PAYMENT", "HOSTED_PAYMENT_PAGE", "THIRD_PARTY_PAGE"),
        url={"type": "string", "pattern": "^https?://"},
        reference=TEXT,
    ),
    OWNED,
)
LINK = both(LINK_ITEM, DONE)

CONVERSION = both(
    has(
        id=named("DCC"),
        time_created=TIME,
        status=one_of("AVAILABLE", "NOT_AVAILABLE"),
        amount=AMOUNT,
        currency=CURRENCY,
    ),
    may(payer_amount=AMOUNT, payer_currency=CURRENCY),
    DONE,
)

ACTION_ITEM = has(
    id=named("ACT"),
    time_created=TIME,
    type=TEXT,
    resource={"type": "string", "pattern": "^[A-Z_]+$"},
    resource_id=TEXT,
    http_response_code={"type": "string", "pattern": "^[2-5][0-9]{2}$"},
    response_code=TEXT,
    app_id=TEXT,
)


def listed(plural: str, item: Schema, *, owned: bool = True) -> Schema:
    """A page of a list with the counts of all."""
    page = has(
        total_record_count=COUNT,
        current_page_size=COUNT,
        filter={"type": "object"},
        paging=has(page=COUNT, page_size=COUNT, order=one_of("ASC", "DESC"), order_by=TEXT),
        **{plural: rows(item)},
    )
    return both(page, DONE, *([OWNED] if owned else []))


NEVER: Schema = {"not": {}}
"""No answer is good: the operation exists to say what is wrong with the call."""

SCHEMAS: dict[str, Schema] = {
    "POST /accesstoken": has(
        token={"type": "string", "maxLength": 50, "minLength": 20},
        type=one_of("Bearer"),
        scope=has(
            merchant_id=TEXT,
            merchant_name=TEXT,
            accounts=rows(has(id=TEXT, name=TEXT, permissions=rows(TEXT))),
        ),
        app_id=TEXT,
        app_name=TEXT,
        time_created=TIME,
        seconds_to_expire={"type": "integer", "minimum": 60, "maximum": 604800},
        interval_to_expire=TEXT,
        email=TEXT,
    ),
    "POST /payment-methods": STORED,
    "GET /payment-methods": listed("payment_methods", STORED_ITEM),
    "GET /payment-methods/{id}": STORED,
    "PATCH /payment-methods/{id}": STORED,
    "DELETE /payment-methods/{id}": both(has(id=named("PMT"), status=one_of("DELETED")), DONE),
    "POST /payment-methods/search": listed("payment_methods", STORED_ITEM),
    "POST /payment-methods/{id}/detokenize": NEVER,
    "POST /verifications": both(
        has(id=named("VER"), status=one_of("VERIFIED", "NOT_VERIFIED"), reference=TEXT, payment_method=PAID_WITH),
        OWNED,
        DONE,
    ),
    "POST /transactions": TRANSACTION,
    "GET /transactions": listed("transactions", TRANSACTION_ITEM),
    "GET /transactions/{id}": both(TRANSACTION, has(order_reference=TEXT, create_action_id=named("ACT"))),
    "POST /transactions/{id}/capture": TRANSACTION,
    "POST /transactions/{id}/refund": both(TRANSACTION, has(type=one_of("REFUND"), parent_resource_id=named("TRN"))),
    "POST /transactions/{id}/reversal": TRANSACTION,
    "POST /transactions/{id}/reauthorization": TRANSACTION,
    "POST /transactions/{id}/incremental": TRANSACTION,
    "POST /transactions/{id}/confirmation": TRANSACTION,
    "POST /transactions/{id}/hold": TRANSACTION,
    "POST /transactions/{id}/release": TRANSACTION,
    "POST /authentications": AUTHENTICATION,
    "GET /authentications": listed("authentications", AUTHENTICATION_ITEM),
    "GET /authentications/{id}": AUTHENTICATION,
    "POST /authentications/{id}/initiate": AUTHENTICATION,
    "GET /authentications/{id}/result": AUTHENTICATION,
    "POST /authentications/{id}/result": AUTHENTICATION,
    "POST /links": LINK,
    "GET /links": listed("links", LINK_ITEM),
    "GET /links/{id}": LINK,
    "PATCH /links/{id}": LINK,
    "POST /currency-conversions": CONVERSION,
    "GET /disputes": listed("disputes", DISPUTE_ITEM),
    "GET /disputes/{id}": both(DISPUTE_ITEM, has(transaction={"type": "object"}), DONE),
    "POST /disputes/{id}/acceptance": DISPUTE_ACTED,
    "POST /disputes/{id}/challenge": DISPUTE_ACTED,
    "GET /disputes/{id}/documents/{document}": both(has(id=TEXT, b64_content=TEXT), DONE),
    "GET /settlement/disputes": listed("disputes", DISPUTE_MONEY),
    "GET /settlement/disputes/{id}": both(DISPUTE_MONEY, DONE),
    "GET /actions": listed("actions", ACTION_ITEM),
    "GET /actions/{id}": both(ACTION_ITEM, DONE),
    "GET /batches/": NEVER,
    "POST /batches/": NEVER,
    "GET /batches/{id}": BATCH,
    "POST /batches/{id}": BATCH,
    "GET /settlement/transactions": listed(
        "transactions",
        both(
            TRANSACTION_ITEM,
            has(
                status=one_of("FUNDED", "REJECTED"),
                deposit_id=named("DEP"),
                deposit_status=TEXT,
                deposit_time_created=DAY,
                batch_id=named("BAT"),
            ),
        ),
    ),
    "GET /settlement/deposits": listed("deposits", DEPOSIT_ITEM),
    "GET /settlement/deposits/{id}": both(DEPOSIT_ITEM, DONE),
}
"""By method and endpoint, as `gpsandbox.api.OPERATIONS` names them; a test says that none is missing."""

ERROR = has(
    error_code={"type": "string", "pattern": "^[A-Z_]+$"},
    detailed_error_code={"type": "string", "pattern": "^[0-9]{5,6}$"},
    detailed_error_description={"type": "string", "minLength": 1},
)


def operation(method: str, path: str) -> str:
    """The name of the operation that answers a call; empty when there is none."""
    bare = path.partition("?")[0]
    fits = [
        name
        for name in SCHEMAS
        if name.startswith(f"{method} ") and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", name.partition(" ")[2]), bare)
    ]
    return max(fits, key=lambda name: name.count("/") - name.count("{"), default="")


def wrong(method: str, path: str, status: int, body: Any) -> list[str]:
    """What is wrong with an answer, as sentences; empty when it has the right form."""
    name = operation(method, path) if status == 200 else "error"
    if not name:
        return []
    return [
        f"{name}: {'/'.join(map(str, error.absolute_path)) or 'the answer'}: {error.message[:200]}"
        for error in _validator(name).iter_errors(body)
    ]


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = ERROR if name == "error" else SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
