"""How many bank debits come back, against what Nacha tolerates: counted over 60 days, per organization.

Source: Nacha Operating Rules, Subsection 2.17.2. Debits that were declined at once never entered the network.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oropay.models import AchReturn, Action, AlertKind, Method, PaymentTransaction, TransactionState
from oropay.returncodes import CODES, LIMITS, RATES_OVER, Rate
from oropay.services.alert import alert_raise

HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class ReturnRate:
    """One gauge: `returned` of `debits` came back in the last 60 days."""

    rate: Rate | None
    """None: every return."""
    returned: int
    debits: int

    @property
    def limit(self) -> Decimal:
        """Percent."""
        return LIMITS[self.rate]

    @property
    def percent(self) -> Decimal:
        if not self.debits:
            return Decimal(0)
        return (Decimal(self.returned) * 100 / self.debits).quantize(HUNDREDTH, ROUND_HALF_UP)

    @property
    def is_crossed(self) -> bool:
        return self._crossed(self.returned)

    @property
    def has_just_been_crossed(self) -> bool:
        """Whether the newest return took it over the limit."""
        return self.is_crossed and not self._crossed(self.returned - 1)

    @property
    def says_little(self) -> bool:
        """Too few debits for a rate to mean anything: one return of two would be half of them."""
        return self.debits < settings.OROPAY_RETURN_RATE_SAMPLE

    def _crossed(self, returned: int) -> bool:
        return not self.says_little and Decimal(returned) * 100 > self.limit * self.debits


def return_rates(*, organization_id: int | None, now: datetime) -> list[ReturnRate]:
    """The three gauges in three queries; None counts every organization."""
    debits = _debits(organization_id=organization_id, now=now).count()
    returns = AchReturn.objects.filter(created_at__gt=now - RATES_OVER)
    if organization_id is not None:
        returns = returns.filter(organization_id=organization_id)
    codes = list(returns.values_list("code", flat=True))
    found = []
    for rate in LIMITS:
        counted = [code for code in codes if rate is None or (code in CODES and CODES[code].rate == rate)]
        found.append(ReturnRate(rate=rate, returned=len(counted), debits=debits))
    return found


def rates_watch(*, told: AchReturn, now: datetime) -> None:
    """Tell a person when this return has just taken a rate over its limit; in the caller's transaction."""
    for gauge in return_rates(organization_id=told.organization_id, now=now):
        ours = gauge.rate is None or (told.code in CODES and CODES[told.code].rate == gauge.rate)
        if ours and gauge.has_just_been_crossed:
            alert_raise(
                row=told.transaction,
                kind=AlertKind.RETURN_RATE,
                text=_(
                    "{percent} % of the bank debits of the last 60 days came back ({which}); {limit} % is the limit."
                ).format(percent=gauge.percent, limit=gauge.limit, which=RATE_WORDS[gauge.rate]),
                now=now,
            )


RATE_WORDS = {
    Rate.UNAUTHORIZED: gettext_lazy("not authorised"),
    Rate.ADMINISTRATIVE: gettext_lazy("wrong or closed accounts"),
    None: gettext_lazy("for any reason"),
}


def _debits(*, organization_id: int | None, now: datetime) -> QuerySet[PaymentTransaction]:
    """Debits that reached the bank network: accepted, whatever became of them."""
    rows = PaymentTransaction.objects.filter(
        action=Action.CHARGE,
        payment__method=Method.BANK,
        created_at__gt=now - RATES_OVER,
        state__in=[TransactionState.APPROVED, TransactionState.PENDING],
    ) | PaymentTransaction.objects.filter(
        action=Action.CHARGE, payment__method=Method.BANK, created_at__gt=now - RATES_OVER, ach_return__isnull=False
    )
    return rows.filter(payment__organization_id=organization_id) if organization_id is not None else rows
