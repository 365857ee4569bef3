"""What people are told of something owed besides its amounts: why it cannot be paid here, how the last try ended."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, F, OuterRef, Subquery, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from commerce.money import exponent, format_money
from oropay.models import Integration, IntegrationLimit, IntegrationType, Payable


def due_of(path: str = "") -> Case:
    """`Payable.due` in SQL: of payables, or of rows that lead to one by `path` such as "payable__"."""
    left = F(f"{path}total") - F(f"{path}paid") - F(f"{path}cleared")
    return Case(When(**{f"{path}is_closed": True}, then=Decimal(0)), default=Greatest(left, Decimal(0)))


def least_online() -> Subquery:
    """For rows with an organization and a currency: the least that can be paid online; NULL where there is no limit."""
    limit = IntegrationLimit.objects.filter(integration=OuterRef("pk"), currency=OuterRef(OuterRef("currency")))
    takes_it = Integration.objects.filter(
        organization=OuterRef("organization"),
        type=IntegrationType.OROPAY,
        is_active=True,
        provider_account__is_active=True,
        currencies__contains=[OuterRef("currency")],
    )
    limited = takes_it.annotate(smallest=Subquery(limit.values("min_amount")[:1]))
    return Subquery(limited.order_by(F("smallest").asc(nulls_first=True)).values("smallest")[:1])


def limit_refusal(*, integration: Integration, amount: Decimal, currency: str, in_parts: bool = False) -> str:
    """Why an integration, read `with_limits` of this currency, does not take this amount; empty when it does.

    `in_parts`: why it takes no part of it either.
    """
    if integration.least is not None and amount < integration.least:
        return _("It takes {limit} or more.").format(limit=format_money(integration.least, currency))
    if integration.most is not None and amount > integration.most and not in_parts:
        return _("It takes {limit} or less.").format(limit=format_money(integration.most, currency))
    return ""


@dataclass(frozen=True)
class PartLimits:
    """How small and how large a part of what is owed a way to pay takes at a time, where the payer may choose one.

    None where nothing that can be chosen is too small, or too large.
    """

    currency: str
    least: Decimal | None
    most: Decimal | None

    @property
    def words(self) -> str:
        """What to say of it before an amount is chosen; empty where every part is taken."""
        least, most = (format_money(limit, self.currency) if limit else "" for limit in (self.least, self.most))
        if least and most:
            text = _("From {least} to {most} per payment; a rest below {least} cannot be paid this way.")
            return text.format(least=least, most=most)
        if least:
            return _("{least} or more per payment; a rest below cannot be paid this way.").format(least=least)
        return _("Up to {most} per payment.").format(most=most) if most else ""

    @property
    def too_little(self) -> str:
        """What to say of an amount below; empty where there is none."""
        if self.least is None:
            return ""
        return _("This way to pay takes {limit} or more.").format(limit=format_money(self.least, self.currency))

    @property
    def too_much(self) -> str:
        """What to say of an amount above; empty where there is none."""
        if self.most is None:
            return ""
        return _("This way to pay takes {limit} or less at a time.").format(
            limit=format_money(self.most, self.currency)
        )

    def refusal(self, amount: Decimal) -> str:
        """Why this amount is not taken; empty when it is. `static/storefront/pay.js` has the same rule."""
        if self.least is not None and amount < self.least:
            return self.too_little
        return self.too_much if self.most is not None and amount > self.most else ""

    def include(self, other: "PartLimits") -> bool:
        """Whether every part that the other takes is taken here too."""
        return (self.least or 0) <= (other.least or 0) and (
            self.most is None or (other.most is not None and other.most <= self.most)
        )


def part_limits(*, integration: Integration, amount: Decimal, currency: str) -> PartLimits:
    """What an integration, read `with_limits` of this currency, takes of this amount at a time."""
    least, most = integration.least, integration.most
    smallest = Decimal(1).scaleb(-exponent(currency))
    return PartLimits(
        currency=currency,
        least=least if least is not None and least > smallest else None,
        most=most if most is not None and most < amount else None,
    )


def too_small(*, payable: Payable, least: Decimal | None) -> str:
    """Why what is left cannot be paid online although it is due; empty when it can. `least`: see `least_online`."""
    if least is None or not 0 < payable.payable_now < least:
        return ""
    return _("Too small to pay online, which takes {limit} or more. Please pay it by check or wire.").format(
        limit=format_money(least, payable.currency)
    )


def failure_words(payable: Payable) -> str:
    """That the newest attempt to pay brought nothing, in a buyer's words; empty when it did not fail."""
    return {
        "": "",
        "declined": _("The last payment was declined."),
        "expired": _("The last payment was not finished in time."),
        "canceled": _("The last payment was canceled."),
    }.get(payable.failed_as, _("The last payment failed."))
