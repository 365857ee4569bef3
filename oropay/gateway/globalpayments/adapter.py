"""`GlobalPaymentsGateway`: the port's subjects, each in its own module, over one hardened connector."""

from oropay.gateway.globalpayments.authentications import Authentications
from oropay.gateway.globalpayments.cards import Cards
from oropay.gateway.globalpayments.disputes import Disputes
from oropay.gateway.globalpayments.notifications import Notifications
from oropay.gateway.globalpayments.payments import Payments
from oropay.gateway.globalpayments.settlements import Settlements


class GlobalPaymentsGateway(Payments, Authentications, Cards, Notifications, Settlements, Disputes):
    """One merchant account at Global Payments. Implements `PaymentGateway`; safe under threads."""
