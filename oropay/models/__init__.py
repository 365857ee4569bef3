"""Tables of the payment module, one file a subject."""

from oropay.models.alert import Alert, AlertKind
from oropay.models.instrument import Instrument, InstrumentKind, InstrumentState, Mandate, MandateKind, SecCode
from oropay.models.payable import ForcedStatus, Payable, PayableKind, PaymentPayable, PaymentStatus
from oropay.models.payment import DataLevelSent, Initiator, Method, MoneyState, Payment
from oropay.models.provider import (
    Environment,
    Integration,
    IntegrationLabel,
    IntegrationType,
    PaymentAction,
    ProviderAccount,
    ProviderHealth,
)
from oropay.models.transaction import (
    BORN,
    FINAL,
    INITIATING,
    LIVE,
    MOVES,
    REREAD,
    RUNNING,
    Action,
    Exchange,
    FailureReason,
    PaymentTransaction,
    RefundLine,
    RefundReason,
    RefundSource,
    TransactionState,
)
from oropay.models.vault import VaultCanary
from oropay.models.watch import Watch

__all__ = [
    "BORN",
    "FINAL",
    "INITIATING",
    "LIVE",
    "MOVES",
    "REREAD",
    "RUNNING",
    "Action",
    "Alert",
    "AlertKind",
    "DataLevelSent",
    "Environment",
    "Exchange",
    "FailureReason",
    "ForcedStatus",
    "Initiator",
    "Instrument",
    "InstrumentKind",
    "InstrumentState",
    "Integration",
    "IntegrationLabel",
    "IntegrationType",
    "Mandate",
    "MandateKind",
    "Method",
    "MoneyState",
    "Payable",
    "PayableKind",
    "Payment",
    "PaymentAction",
    "PaymentPayable",
    "PaymentStatus",
    "PaymentTransaction",
    "ProviderAccount",
    "ProviderHealth",
    "RefundLine",
    "RefundReason",
    "RefundSource",
    "SecCode",
    "TransactionState",
    "VaultCanary",
    "Watch",
]
