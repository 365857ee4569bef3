"""Settlement: what the gateway reports it paid out, and the switch that makes it pay."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gpsandbox import accounts, batches, clock, errors, ids, listing, outcomes, webhooks
from gpsandbox.call import Call
from gpsandbox.listing import Condition, Filter, Listing, equals, one_of, times
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store
from gpsandbox.transactions import shown


@dataclass(frozen=True)
class Fee:
    """What one settled sale costs, in minor units: a share rounded half up, plus a fixed part."""

    per_mille: int
    fixed: int


FEES = {
    "CARD": Fee(per_mille=29, fixed=30),
    "BANK_TRANSFER": Fee(per_mille=0, fixed=80),
    "DIGITAL_WALLET": Fee(per_mille=29, fixed=30),
    "APM": Fee(per_mille=29, fixed=30),
}
"""Method → fee of a sale. Refunds and returns cost nothing."""


def _day(column: str, sign: str) -> Filter:
    def condition(name: str, text: str) -> Condition:
        try:
            return f"{column} {sign} ?", clock.earliest(text)[:10]
        except ValueError:
            raise errors.invalid("40105", f"Invalid Value in {name}") from None

    return condition


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
        "deposit_status": equals("deposit_status"),
        "batch_id": equals("batch_id"),
        "arn": equals("arn"),
        "number_first6": equals("first6"),
        "number_last4": equals("last4"),
        "brand": equals("brand"),
        "brand_reference": equals("brand_reference"),
        "authcode": equals("authcode"),
        "order.reference": equals("order_reference"),
        "payment_method": one_of("method", "CARD", "BANK_TRANSFER"),
        "from_deposit_time_created": _day("paid_on", ">="),
        "to_deposit_time_created": _day("paid_on", "<="),
        **times("batch_time_created", "batch_created_at"),
        **times("time_created", "created_at"),
    },
    order_by={
        "TIME_CREATED": "created_at",
        "DEPOSIT_TIME_CREATED": "paid_on",
        "STATUS": "status",
        "TYPE": "type",
        "DEPOSIT_ID": "deposit_id",
    },
    tie="line_id",
    action="TRANSACTION_LIST_FUNDED",
)

DEPOSITS = Listing(
    plural="deposits",
    source="deposits",
    filters={
        "id": equals("id"),
        "status": one_of("status", "FUNDED", "SPLIT_FUNDING", "DELAYED", "RESERVED", "IRREG", "RELEASED"),
        "currency": equals("currency"),
        "amount": listing.whole("amount"),
        "from_time_created": _day("paid_on", ">="),
        "to_time_created": _day("paid_on", "<="),
    },
    order_by={"TIME_CREATED": "paid_on", "STATUS": "status", "DEPOSIT_ID": "id"},
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
    return listing.answer(call, DEPOSITS, account=call.account(accounts.SETTLEMENT), show=_deposit_shown)


def deposit_get(call: Call) -> dict[str, Any]:
    """GET /settlement/deposits/{id}."""
    call.allow("DEP_GET_Single")
    account = call.account(accounts.SETTLEMENT)
    row = call.store.row("SELECT * FROM deposits WHERE id = ? AND app_id = ?", (call.path_id, call.app_id))
    if row is None:
        raise errors.resource_unknown("Deposits", call.path_id, f"/ucp/settlement/deposits/{call.path_id}")
    return {**_deposit_shown(row), **call.owner(account), "action": call.action("DEPOSIT_SINGLE")}


def dispute_line_add(
    store: Store, *, transaction_id: str, kind: str, amount: int, dispute_id: str, now: datetime
) -> None:
    """Take disputed money out of the next deposit (CHARGEBACK) or put it back (CHARGEBACK_REVERSAL)."""
    sold = _required(store.row("SELECT app_id, batch_id FROM transactions WHERE id = ?", (transaction_id,)))
    store.insert(
        "settlement_lines",
        {
            "app_id": sold["app_id"],
            "transaction_id": transaction_id,
            "deposit_id": "",
            "batch_id": sold["batch_id"],
            "status": kind,
            "amount": -amount if kind == "CHARGEBACK" else amount,
            "created_at": clock.stamp(now),
        },
    )


def run(
    store: Store, *, settings: Settings, paid_on: date, returns: bool = True, return_status: str = "REJECTED"
) -> dict[str, Any]:
    """Close all batches, fund what is in them, and pay it out: one deposit per merchant, currency and method.

    With `returns`, bank money funded in an earlier run whose account says so comes back: the transaction becomes
    `return_status`, and the deposit carries it as a negative line.
    """
    now = clock.stamp(clock.now(store))
    with store.atomic():
        closed = batches.close_all(store)
        returned = _returns_add(store, status=return_status, now=now) if returns else []
        funded = _funded_ids(store)
        made = [_deposit_make(store, group, paid_on=paid_on, now=now) for group in _due_groups(store)]
        store.write(
            "UPDATE transactions SET status = 'FUNDED', updated_at = ?"
            " WHERE status IN ('CAPTURED', 'PENDING') AND id IN"
            " (SELECT transaction_id FROM settlement_lines WHERE status = 'FUNDING')",
            (now,),
        )
        store.write("UPDATE settlement_lines SET status = 'FUNDED' WHERE status = 'FUNDING'")
        store.write("UPDATE settlement_lines SET status = 'REJECTED' WHERE status = 'RETURNING' AND deposit_id <> ''")
        for transaction_id in (*returned, *funded):
            webhooks.announce(store, settings, transaction_id)
    return {
        "date": paid_on.isoformat(),
        "closed_batches": closed,
        "funded_transactions": funded,
        "returned_transactions": returned,
        "deposits": [
            _deposit_shown(_required(store.row("SELECT * FROM deposits WHERE id = ?", (key,)))) for key in made
        ],
    }


DUE = """
    settlement_lines JOIN transactions ON transactions.id = transaction_id
    JOIN batches ON batches.id = settlement_lines.batch_id
    WHERE deposit_id = '' AND batches.status = 'CLOSED' AND held = 0
"""
"""Lines that the next deposit will carry."""


def _funded_ids(store: Store) -> list[str]:
    rows = store.rows(
        f"SELECT DISTINCT transaction_id FROM {DUE}"  # noqa: S608
        " AND settlement_lines.status = 'CAPTURED' ORDER BY transactions.rowid"
    )
    return [row["transaction_id"] for row in rows]


def _returns_add(store: Store, *, status: str, now: str) -> list[str]:
    """Bank transfers funded in an earlier run whose account sends them back."""
    codes = {outcome.name: outcome.returned for outcome in outcomes.BY_NAME.values() if outcome.returned}
    marks = ", ".join("?" * len(codes))
    rows = store.rows(
        f"SELECT * FROM transactions WHERE status = 'FUNDED' AND type = 'SALE' AND outcome IN ({marks})",  # noqa: S608
        tuple(codes),
    )
    for row in rows:
        code = codes[row["outcome"]]
        store.insert(
            "settlement_lines",
            {
                "app_id": row["app_id"],
                "transaction_id": row["id"],
                "deposit_id": "",
                "batch_id": row["batch_id"],
                "status": "RETURNING",
                "amount": -row["captured"],
                "created_at": now,
            },
        )
        store.update("transactions", row["id"], status=status, result=code, message=f"RETURNED {code}", updated_at=now)
    return [row["id"] for row in rows]


def _due_groups(store: Store) -> list[Row]:
    return store.rows(
        f"SELECT transactions.app_id, transactions.currency, transactions.method FROM {DUE}"  # noqa: S608
        " GROUP BY 1, 2, 3 ORDER BY min(settlement_lines.id)"
    )


def _deposit_make(store: Store, group: Row, *, paid_on: date, now: str) -> str:
    """One deposit over all due lines of a merchant, currency and method. Returned money counts as refunds."""
    fee = FEES[group["method"]]
    owner = (group["app_id"], group["currency"], group["method"])
    of_group = f"{DUE} AND transactions.app_id = ? AND transactions.currency = ? AND transactions.method = ?"
    sums = _required(
        store.row(
            f"""SELECT
                count(*) FILTER (WHERE sale) AS sales_count,
                coalesce(sum(amount) FILTER (WHERE sale), 0) AS sales_amount,
                count(*) FILTER (WHERE NOT sale) AS refunds_count,
                coalesce(sum(-abs(amount)) FILTER (WHERE NOT sale), 0) AS refunds_amount,
                coalesce(sum((amount * ? + 500) / 1000 + ?) FILTER (WHERE sale), 0) AS fees
            FROM (SELECT settlement_lines.amount AS amount,
                type = 'SALE' AND settlement_lines.amount > 0 AS sale FROM {of_group})""",  # noqa: S608
            (fee.per_mille, fee.fixed, *owner),
        )
    )
    deposit_id = ids.new("DEP")
    store.insert(
        "deposits",
        {
            "id": deposit_id,
            "app_id": group["app_id"],
            "created_at": now,
            "paid_on": paid_on.isoformat(),
            "currency": group["currency"],
            "method": group["method"],
            "status": "FUNDED",
            "amount": sums["sales_amount"] + sums["refunds_amount"] - sums["fees"],
            "sales_count": sums["sales_count"],
            "sales_amount": sums["sales_amount"],
            "refunds_count": sums["refunds_count"],
            "refunds_amount": sums["refunds_amount"],
            "fees_amount": -sums["fees"],
        },
    )
    store.write(
        "UPDATE settlement_lines SET deposit_id = ?,"  # noqa: S608
        " status = CASE status WHEN 'CAPTURED' THEN 'FUNDING' ELSE status END"
        f" WHERE id IN (SELECT settlement_lines.id FROM {of_group})",
        (deposit_id, *owner),
    )
    return deposit_id


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


def _deposit_shown(row: Row) -> dict[str, Any]:
    """Every part carries its sign, so that amount = sales + refunds + fees."""
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
        "bank_transfer": {"masked_account_number_last4": "XXXXXX9999", "bank": {"code": "XXXXX0001"}},
        "system": shown.SYSTEM,
        "sales": {"count": row["sales_count"], "amount": str(row["sales_amount"])},
        "refunds": {"count": row["refunds_count"], "amount": str(row["refunds_amount"])},
        "discounts": nothing,
        "tax": nothing,
        "disputes": {"chargebacks": nothing, "reversals": nothing},
        "fees": {"amount": str(row["fees_amount"])},
    }


def _required(row: Row | None) -> Row:
    if row is None:
        raise LookupError("A row written a moment ago is gone.")
    return row
