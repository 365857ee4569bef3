"""What a payment came to: how much of it was really taken and is still ours, as an amount and in words."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Prefetch
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.display import dash, money
from commerce.money import format_money
from oropay.models import Payment, PaymentTransaction
from oropay.status import Sums, sums_of

ROWS = Prefetch("transactions", PaymentTransaction.objects.order_by("pk"))
"""What lists must prefetch to show `net_shown` without a query a row."""


def sums_shown(payment: Payment) -> Sums:
    """The sums of a payment whose transactions are prefetched."""
    return sums_of(payment.transactions.all())


def net_shown(payment: Payment) -> SafeString:
    """What is ours of it now; an en dash where nothing was ever taken."""
    sums = sums_shown(payment)
    return money(sums.net, payment.currency) if sums.captured else dash()


def worth_of(payment: Payment) -> str:
    """The amount to head a payment with: never more than was taken, once anything was."""
    sums = sums_shown(payment)

    def shown(amount: Decimal) -> str:
        return format_money(amount, payment.currency)

    if sums.refunded:
        return _("{net} left of {captured}, {back} given back").format(
            net=shown(sums.net), captured=shown(sums.captured), back=shown(sums.refunded + sums.returned + sums.lost)
        )
    if sums.returned or sums.lost:
        return _("{net} left of {captured}, {back} taken back by the bank").format(
            net=shown(sums.net), captured=shown(sums.captured), back=shown(sums.returned + sums.lost)
        )
    if 0 < sums.captured < sums.authorized:
        return _("{captured} captured of {held} held").format(
            captured=shown(sums.captured), held=shown(sums.authorized)
        )
    return shown(payment.amount)


def released_of(rows: Iterable[PaymentTransaction]) -> Decimal:
    """What was held and let go beside what was captured; zero while the rest is still held."""
    sums = sums_of(rows)
    return sums.authorized - sums.captured - sums.held if 0 < sums.captured < sums.authorized else Decimal(0)
