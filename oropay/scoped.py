"""Scoped settings of the payment module: defined here, changed by people under Configuration."""

from decimal import Decimal

from commerce.settings_registry import define

RETURN_FEE = define(
    key="oropay.return_fee",
    default=Decimal(0),
    label="Fee for a bank debit returned for want of money (USD)",
    help=(
        "Posted as a debit memo to the customer when a debit comes back with R01 or R09. 0: no fee. State laws limit "
        "it, and the authorisation must have named it."
    ),
    type=Decimal,
)

DISPUTE_FEE = define(
    key="oropay.dispute_fee",
    default=Decimal(0),
    label="Fee for a dispute that was lost (in the seller's currency)",
    help=(
        "Posted once as a debit memo to the customer when a chargeback is lost and the loss is pursued. 0: no fee. "
        "Your terms must have named it, and your card contract may forbid it."
    ),
    type=Decimal,
)

ACH_REFUND_HOLD = define(
    key="oropay.ach_refund_hold",
    default=5,
    label="Banking days before a settled bank debit may be refunded",
    help="Until then the bank may still return the debit, and the money would go back twice. 0: at once.",
    type=int,
)
