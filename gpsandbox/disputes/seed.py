"""The disputes a third-party suite looks up: specimens, one set for each app.

They answer every action and never change. Their days are counted back from when the sandbox starts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gpsandbox import clock, ids
from gpsandbox.disputes.life import ACCEPTED, CLOSED, LOST, PENDING, RETRIEVAL, UNDER_REVIEW, WITH_MERCHANT, WON
from gpsandbox.store import Store
from gpsandbox.transactions.shown import SYSTEM

CARDS = {
    "VISA": ("426397", "5262"),
    "MASTERCARD": ("542523", "4415"),
    "AMEX": ("374101", "0608"),
    "DISCOVER": ("601100", "0087"),
}
"""Brand → first six and last four."""

BASE64_OF_A_LINE = "U3BlY2ltZW4gb2YgYSBkaXNwdXRlIGRvY3VtZW50"


@dataclass(frozen=True)
class Specimen:
    id: str
    stage: str
    status: str
    result: str
    brand: str
    amount: int
    reason_code: str
    days_ago: int
    """How long its stage has lasted."""
    funding: str = ""
    """DEBIT or CREDIT where money has moved."""
    deposit_id: str = ""
    paid: bool = False
    """Whether settlement reports it, with its deposit if it has one."""


SPECIMENS = (
    Specimen("DIS_SAND_abcd1234", RETRIEVAL, WITH_MERCHANT, PENDING, "VISA", 1000, "104", 6),
    Specimen("DIS_SAND_abcd1235", "CHARGEBACK", WITH_MERCHANT, PENDING, "VISA", 1500, "132", 8, "DEBIT"),
    Specimen("DIS_SAND_abcd1236", "SECOND_CHARGEBACK", WITH_MERCHANT, PENDING, "MASTERCARD", 2200, "131", 9, "DEBIT"),
    Specimen("DIS_SAND_abcd1237", "PRE_ARBITRATION", UNDER_REVIEW, PENDING, "VISA", 4999, "104", 11, "DEBIT"),
    Specimen("DIS_SAND_abcd1238", "ARBITRATION", UNDER_REVIEW, PENDING, "MASTERCARD", 12000, "133", 14, "DEBIT"),
    Specimen("DIS_SAND_abcd1239", "REVERSAL", CLOSED, WON, "AMEX", 750, "136", 17, "CREDIT"),
    Specimen("DIS_SAND_abcd1240", "CHARGEBACK", CLOSED, LOST, "DISCOVER", 3100, "126", 40, "DEBIT"),
    Specimen("DIS_SAND_abcd1241", "CHARGEBACK", WITH_MERCHANT, PENDING, "MASTERCARD", 2500, "131", 10, "DEBIT"),
    Specimen("DIS_SAND_abcd1242", "PRE_COMPLIANCE", WITH_MERCHANT, PENDING, "VISA", 900, "104", 7),
    Specimen("DIS_SAND_abcd1243", "COMPLIANCE", UNDER_REVIEW, PENDING, "VISA", 900, "104", 12),
    Specimen("DIS_SAND_abcd1244", "GOODFAITH", CLOSED, ACCEPTED, "AMEX", 650, "PM", 30, "DEBIT"),
    Specimen("DIS_810", "CHARGEBACK", CLOSED, LOST, "VISA", 2000, "131", 13, "DEBIT", "DEP_2342423443", paid=True),
    Specimen("DIS_811", "REVERSAL", CLOSED, WON, "MASTERCARD", 4100, "126", 12, "CREDIT", "DEP_2342423440", paid=True),
    Specimen("DIS_812", "CHARGEBACK", CLOSED, LOST, "AMEX", 200, "PM", 15, "DEBIT", "DEP_2342423443", paid=True),
    Specimen("DIS_813", "SECOND_CHARGEBACK", WITH_MERCHANT, PENDING, "VISA", 9900, "104", 5, "DEBIT", paid=True),
)


def seed(store: Store, app_ids: Iterable[str]) -> None:
    """Make the specimens anew; other disputes stay."""
    now = clock.now(store)
    with store.atomic():
        store.write(
            "DELETE FROM dispute_adjustments WHERE (app_id, dispute_id) IN"
            " (SELECT app_id, id FROM disputes WHERE specimen = 1)"
        )
        store.write("DELETE FROM dispute_documents WHERE id = 'DOC_specimen'")
        store.write("DELETE FROM disputes WHERE specimen = 1")
        for app_id in app_ids:
            for specimen in SPECIMENS:
                _add(store, app_id, specimen, now)


def _add(store: Store, app_id: str, specimen: Specimen, now: datetime) -> None:
    begun = now - timedelta(days=specimen.days_ago)
    at, sold_at = clock.stamp(begun), clock.stamp(begun - timedelta(days=25))
    first6, last4 = CARDS[specimen.brand]
    store.insert(
        "disputes",
        {
            "app_id": app_id,
            "id": specimen.id,
            "specimen": 1,
            "transaction_id": "",
            "created_at": clock.stamp(begun - timedelta(days=2)),
            "stage": specimen.stage,
            "stage_at": at,
            "status": specimen.status,
            "status_at": at,
            "result": specimen.result,
            "respond_by": clock.stamp(begun + timedelta(days=45)),
            "amount": specimen.amount,
            "taken": specimen.amount if specimen.funding == "DEBIT" else 0,
            "currency": "USD",
            "reason_code": specimen.reason_code,
            "last_amount": specimen.amount if specimen.funding else 0,
            "last_funding": specimen.funding,
            "last_at": at if specimen.funding else "",
            "mid": SYSTEM["mid"],
            "hierarchy": SYSTEM["hierarchy"],
            "sold_at": sold_at,
            "sold_amount": specimen.amount,
            "reference": f"specimen-{specimen.id}",
            "order_reference": "",
            "brand": specimen.brand,
            "first6": first6,
            "last4": last4,
            "arn": ids.acquirer_reference(specimen.id),
            "authcode": "123456",
            "brand_reference": ids.fixed("REF", specimen.id)[4:19].upper(),
        },
    )
    store.insert(
        "dispute_documents",
        {
            "app_id": app_id,
            "dispute_id": specimen.id,
            "id": "DOC_specimen",
            "type": "SALES_RECEIPT",
            "created_at": at,
            "b64_content": BASE64_OF_A_LINE,
        },
    )
    if specimen.paid:
        store.insert(
            "dispute_adjustments",
            {
                "app_id": app_id,
                "dispute_id": specimen.id,
                "line_id": 0,
                "funding": specimen.funding,
                "amount": specimen.amount,
                "created_at": at,
                "stage": specimen.stage,
                "stage_at": at,
                "deposit_id": specimen.deposit_id,
                "paid_on": (begun + timedelta(days=2)).date().isoformat() if specimen.deposit_id else "",
            },
        )
