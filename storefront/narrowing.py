"""Lists of orders and invoices narrowed by payment status and method, as their address says."""

from dataclasses import dataclass
from typing import Self

from django.db.models import Q
from django.http import HttpRequest

from oropay.models import Method, PaymentStatus

FAILED = "failed"
"""In place of a status: the last attempt to pay brought nothing."""


@dataclass(frozen=True)
class Narrowing:
    """What a person chose above the list; what nobody offers is ignored."""

    status: str
    method: str

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        status, method = request.GET.get("status", ""), request.GET.get("method", "")
        return cls(
            status=status if status in {*PaymentStatus.values, FAILED} else "",
            method=method if method in Method.values else "",
        )

    def __bool__(self) -> bool:
        return bool(self.status or self.method)

    def condition(self) -> Q:
        """For rows that have a `payable`."""
        by_status = Q()
        if self.status == FAILED:
            by_status = Q(payable__isnull=False) & ~Q(payable__failed_as="")
        elif self.status:
            by_status = Q(payable__status=self.status)
        return by_status & (Q(payable__method=self.method) if self.method else Q())

    @property
    def statuses(self) -> list[tuple[str, str]]:
        return [(one.value, str(one.label)) for one in PaymentStatus]

    @property
    def methods(self) -> list[tuple[str, str]]:
        return [(one.value, str(one.label)) for one in Method]
