"""GET /settlement/transactions and /settlement/deposits: what was paid out, line by line and in sum."""

import re
from typing import Any

from gpsandbox import accounts, clock, errors, listing
from gpsandbox.call import Call
from gpsandbox.listing import Condition, Filter, Listing, equals, one_of, times
from gpsandbox.store import Row
from gpsandbox.transactions import shown

BANK_LAST4 = "9999"
BANK = {"masked_account_number_last4": f"XXXXXX{BANK_LAST4}", "bank": {"code": "XXXXX0001"}}
"""Every merchant's own account, to which deposits go."""

HIERARCHY = re.compile(r"\d{3}(-\d{2,3}){4}")

STATUSES = ("FUNDED", "SPLIT_FUNDING", "DELAYED", "RESERVED", "IRREG", "RELEASED")


def _day(column: str, sign: str) -> Filter:
    def condition(name: str, text: str) -> Condition:
        try:
            return f"{column} {sign} ?", clock.earliest(text)[:10]
        except ValueError:
            raise errors.invalid_filter(name) from None

    return condition


def _amount(name: str, text: str) -> Condition:
    """Deposits that take money back have a sign."""
    if not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise errors.unexpected_data(name)
    return "amount = ?", int(text)


def _always(value: str) -> Filter:
    """A field that is the same everywhere: all or nothing. `value` is ours."""
    return lambda name, text: (f"? = '{value}'", text)


def _hierarchy(name: str, text: str) -> Condition:
    if not HIERARCHY.fullmatch(text):
        raise errors.invalid_filter(name)
    return _always(shown.SYSTEM["hierarchy"])(name, text)


def _bank_account(name: str, text: str) -> Condition:
    return _always(BANK_LAST4)(name, text[-4:])


SYSTEM_FILTERS: dict[str, Filter] = {"system.mid": _always(shown.SYSTEM["mid"]), "system.hierarchy": _hierarchy}

LINES = Listing(
    plural="transactions",
    source="settled_transactions",
    filters={
        "id": equals("id"),
        "reference": equals("reference"),
        "status": one_of("status", "FUNDED", "REJECTED"),
        "type": one_of("type", "SALE", "REFUND"),
        "currency": equals("currency"),
        "deposit_id": equals("deposit_id"),
        "deposit_status": one_of("deposit_status", *STATUSES),
        "batch_id": equals("batch_id"),
        "arn": equals("arn"),
        "number_first6": equals("first6"),
        "number_last4": equals("last4"),
        "brand": equals("brand"),
        "brand_reference": equals("brand_reference"),
        "authcode": equals("authcode"),
        "order.reference": equals("order_reference"),
        "payment_method": one_of("method", "CARD", "BANK_TRANSFER", "DIGITAL_WALLET", "APM"),
        "from_deposit_time_created": _day("paid_on", ">="),
        "to_deposit_time_created": _day("paid_on", "<="),
        **times("batch_time_created", "batch_created_at"),
        **times("time_created", "created_at"),
        **SYSTEM_FILTERS,
    },
    order_by={
        "TIME_CREATED": "created_at",
        "DEPOSIT_TIME_CREATED": "paid_on",
        "STATUS": "status",
        "TYPE": "type",
        "DEPOSIT_ID": "deposit_id",
        "ID": "id",
    },
    tie="line_id",
    action="TRANSACTION_LIST_FUNDED",
)

DEPOSITS = Listing(
    plural="deposits",
    source="deposits",
    filters={
        "id": equals("id"),
        "status": one_of("status", *STATUSES),
        "currency": equals("currency"),
        "amount": _amount,
        "masked_account_number_last4": _bank_account,
        "from_time_created": _day("paid_on", ">="),
        "to_time_created": _day("paid_on", "<="),
        **SYSTEM_FILTERS,
    },
    order_by={"TIME_CREATED": "paid_on", "STATUS": "status", "TYPE": "amount < 0", "DEPOSIT_ID": "id"},
    action="DEPOSIT_LIST",
)


def transactions_find(call: Call) -> dict[str, Any]:
    """GET /settlement/transactions."""
    call.allow("TRN_GET_List_Funded")
    account = call.account(accounts.SETTLEMENT)
    return listing.answer(call, LINES, account=account, show=lambda row: _line_shown(call, row))


def deposits_find(call: Call) -> dict[str, Any]:
    """GET /settlement/deposits."""
    call.allow("DEP_GET_List")
    account = call.account(accounts.SETTLEMENT)
    return listing.answer(call, DEPOSITS, account=account, show=lambda row: _shown(call, row))


def deposit_get(call: Call) -> dict[str, Any]:
    """GET /settlement/deposits/{id}."""
    call.allow("DEP_GET_Single")
    account = call.account(accounts.SETTLEMENT)
    row = call.store.row("SELECT * FROM deposits WHERE id = ? AND app_id = ?", (call.path_id, call.app_id))
    if row is None:
        raise errors.resource_unknown("Deposits", call.path_id, f"/ucp/settlement/deposits/{call.path_id}")
    return {**_shown(call, row), **call.owner(account), "action": call.action("DEPOSIT_SINGLE")}


def deposit_shown(row: Row) -> dict[str, Any]:
    """Every part carries its sign: amount = sales + refunds + fees + chargebacks + reversals."""
    nothing = {"count": 0, "amount": "0"}
    return {
        "id": row["id"],
        "time_created": row["paid_on"],
        "status": row["status"],
        "funding_type": "CREDIT" if row["amount"] >= 0 else "DEBIT",
        "amount": str(row["amount"]),
        "currency": row["currency"],
        "aggregation_model": "H-By Date",
        "payment_method": row["method"],
        "bank_transfer": BANK,
        "system": shown.SYSTEM,
        "sales": _counted(row, "sales"),
        "refunds": _counted(row, "refunds"),
        "discounts": nothing,
        "tax": nothing,
        "disputes": {"chargebacks": _counted(row, "chargebacks"), "reversals": _counted(row, "reversals")},
        "fees": {"amount": str(row["fees_amount"])},
    }


def _shown(call: Call, row: Row) -> dict[str, Any]:
    """The suite wants to read a status in words; the documented value has no spaces."""
    deposit = deposit_shown(row)
    if call.settings.conformance:
        deposit["status"] = deposit["status"].replace("_", " ")
    return deposit


def _counted(row: Row, part: str) -> dict[str, Any]:
    return {"count": row[f"{part}_count"], "amount": str(row[f"{part}_amount"])}


def _line_shown(call: Call, row: Row) -> dict[str, Any]:
    shown_line = shown.item(call, row)
    if row["method"] == "CARD":
        shown_line["payment_method"]["card"]["arn"] = row["arn"]
    return {
        **shown_line,
        "deposit_id": row["deposit_id"],
        "deposit_status": row["deposit_status"],
        "deposit_time_created": row["paid_on"],
        "deposit_amount": str(row["deposit_amount"]),
        "batch_time_created": row["batch_created_at"],
        "system": shown.SYSTEM,
    }
