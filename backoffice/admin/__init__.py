"""The pages of the back-office, one module a subject. Other apps' own admin pages are taken off: they know no scope."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group

for model in (Group, EmailAddress):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

from backoffice.admin import (  # noqa: E402
    alerts,
    approvals,
    catalog,
    changes,
    customers,
    differences,
    disputes,
    instruments,
    integrations,
    invoices,
    ledger,
    lockouts,
    notifications,
    orders,
    organizations,
    outbox,
    payments,
    people,
    providers,
    reconciliation,
    returns,
    roles,
    settings,
    transactions,
    vault,
)

__all__ = [
    "alerts",
    "approvals",
    "catalog",
    "changes",
    "customers",
    "differences",
    "disputes",
    "instruments",
    "integrations",
    "invoices",
    "ledger",
    "lockouts",
    "notifications",
    "orders",
    "organizations",
    "outbox",
    "payments",
    "people",
    "providers",
    "reconciliation",
    "returns",
    "roles",
    "settings",
    "transactions",
    "vault",
]
