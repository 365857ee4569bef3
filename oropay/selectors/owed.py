"""What people are told of something owed besides its amounts: why it cannot be paid here, how the last try ended."""

from decimal import Decimal

from django.db.models import Case, F, OuterRef, Subquery, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from commerce.money import format_money
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


def limit_refusal(*, integration: Integration, amount: Decimal, currency: str) -> str:
    """Why an integration, read `with_limits` of this currency, does not take this amount; empty when it does."""
    if integration.least is not None and amount < integration.least:
        return _("It takes {limit} or more.").format(limit=format_money(integration.least, currency))
    if integration.most is not None and amount > integration.most:
        return _("It takes {limit} or less.").format(limit=format_money(integration.most, currency))
    return ""


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
