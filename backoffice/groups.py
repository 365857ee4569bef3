"""The groups of staff every installation starts with, and what each may do. Data; changed by superusers afterwards."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.db.transaction import atomic

VIEW_MONEY = [
    "oropay.view_payment",
    "oropay.view_paymenttransaction",
    "oropay.view_instrument",
    "oropay.view_alert",
    "oropay.view_driftfinding",
    "oropay.view_notification",
    "oropay.view_dispute",
    "oropay.view_approval",
    "oropay.view_refundlimit",
    "oropay.view_achreturn",
    "oropay.view_freeze",
    "oropay.view_changenotice",
    "oropay.view_integration",
    "oropay.view_provideraccount",
    "commerce.view_order",
    "commerce.view_customer",
    "commerce.view_customergroup",
    "commerce.view_customeruser",
    "commerce.view_address",
    "commerce.view_paymentterm",
    "commerce.view_product",
    "commerce.view_category",
    "commerce.view_pricelist",
    "invoices.view_invoice",
    "ledger.view_entry",
]

FINANCE = [
    *VIEW_MONEY,
    "oropay.add_payment",
    "oropay.capture_payment",
    "oropay.release_payment",
    "oropay.view_lockout",
    "oropay.change_alert",
    "oropay.change_dispute",
    "oropay.challenge_dispute",
    "oropay.link_dispute",
    "oropay.decide_unknown",
    "oropay.change_driftfinding",
    "oropay.enter_return_code",
    "oropay.retry_debit",
    "oropay.apply_change_notice",
    "oropay.record_mandate",
    "oropay.revoke_mandate",
    "invoices.add_invoice",
    "invoices.change_invoice",
    "invoices.delete_invoice",
    "invoices.post_invoice",
    "reconciliation.view_deposit",
    "reconciliation.view_exceptioncase",
    "reconciliation.view_expectation",
    "reconciliation.view_settlementline",
    "reconciliation.resolve_exceptioncase",
    "reconciliation.view_pull",
    "reconciliation.add_pull",
]

EDITED = [
    "commerce.customer",
    "commerce.customergroup",
    "commerce.customeruser",
    "commerce.customerrole",
    "commerce.rolepermission",
    "commerce.address",
    "commerce.product",
    "commerce.productunit",
    "commerce.category",
    "commerce.pricelist",
    "commerce.pricelistassignment",
    "commerce.price",
    "commerce.paymentterm",
    "commerce.website",
    "commerce.organization",
    "commerce.setting",
    "commerce.user",
    "oropay.integration",
    "oropay.integrationlabel",
    "oropay.integrationlimit",
]
"""What an administrator may view, add, change and delete; each page still refuses what it must."""


def _every(name: str) -> list[str]:
    app, model = name.split(".")
    return [f"{app}.{verb}_{model}" for verb in ("view", "add", "change", "delete")]


SALES = [
    "commerce.view_order",
    "commerce.change_order",
    "commerce.view_customer",
    "commerce.view_customergroup",
    "commerce.view_customeruser",
    "commerce.view_address",
    "commerce.view_paymentterm",
    "commerce.view_product",
    "commerce.view_category",
    "commerce.view_pricelist",
    "invoices.view_invoice",
    "invoices.add_invoice",
    "invoices.change_invoice",
]

GROUPS: dict[str, list[str]] = {
    "Sales clerk": SALES,
    "Finance clerk": FINANCE,
    "Administrator": [
        *FINANCE,
        "oropay.cancel_payment",
        "oropay.lift_lockout",
        "oropay.refund_payment",
        "oropay.remove_instrument",
        "oropay.credit_payment",
        "oropay.approve_refund",
        "oropay.approve_credit",
        "oropay.change_provideraccount",
        "oropay.change_refundlimit",
        "oropay.force_payment_status",
        "oropay.accept_dispute",
        "oropay.write_off_dispute",
        "oropay.lift_freeze",
        "oropay.view_exchange",
        "oropay.change_notification",
        "invoices.void_invoice",
        "commerce.change_order",
        *(one for name in EDITED for one in _every(name)),
    ],
}
"""A sales clerk drafts invoices and cancels unpaid orders; a finance clerk captures, records receipts and bills; giving
money back, voiding and configuring is for others. Undoing the link of a dispute that was lost takes the permission to
write it off as well as that to link.
"""


@atomic
def groups_ensure() -> dict[str, Group]:
    """Make the groups with exactly these permissions. Safe to repeat.

    Raises:
        LookupError: a permission named here does not exist (the database is not migrated).
    """
    wanted = {name for names in GROUPS.values() for name in names}
    query = Q()
    for name in wanted:
        app, codename = name.split(".")
        query |= Q(content_type__app_label=app, codename=codename)
    found = {
        f"{one.content_type.app_label}.{one.codename}": one
        for one in Permission.objects.filter(query).select_related("content_type")
    }
    missing = sorted(wanted - found.keys())
    if missing:
        raise LookupError(f"These permissions do not exist: {', '.join(missing)}")
    groups = {}
    for name, names in GROUPS.items():
        groups[name], _created = Group.objects.get_or_create(name=name)
        groups[name].permissions.set([found[one] for one in names])
    return groups
