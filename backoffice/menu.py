"""The side menu and the tabs above lists. A page that a person may not view is not in their menu."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from backoffice.display import list_of
from commerce.models import (
    Category,
    Customer,
    CustomerGroup,
    CustomerRole,
    Order,
    Organization,
    PaymentTerm,
    PriceList,
    Product,
    Setting,
    User,
    Website,
)
from invoices.models import Invoice, InvoiceState
from ledger.models import Entry
from oropay.models import (
    AchReturn,
    Alert,
    Approval,
    ApprovalState,
    ChangeNotice,
    Dispute,
    DriftFinding,
    Freeze,
    Instrument,
    Integration,
    Lockout,
    MoneyState,
    Notification,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    RefundLimit,
    VaultCanary,
)
from plumbing.models import Document, Job, Mail


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links, in the order of a working day."""
    return [
        {
            "title": "",
            "items": [
                {
                    "title": _("Dashboard"),
                    "icon": "dashboard",
                    "link": reverse("admin:index"),
                    "active": lambda request: request.path == reverse("admin:index"),
                }
            ],
        },
        _group(
            _("Sales"),
            _item(request, _("Orders"), "shopping_cart", Order),
            _item(request, _("Invoices"), "receipt_long", Invoice),
            _item(request, _("Payment terms"), "event", PaymentTerm),
        ),
        _group(
            _("Payments"),
            _item(request, _("Payments"), "payments", Payment),
            _item(request, _("Transactions"), "swap_horiz", PaymentTransaction),
            _item(request, _("Instruments"), "credit_card", Instrument),
            _item(request, _("Disputes"), "gavel", Dispute),
            _item(request, _("Notifications"), "notifications", Notification),
            _item(request, _("Approvals"), "how_to_reg", Approval),
            _item(request, _("Bank returns"), "assignment_return", AchReturn),
            _item(request, _("Notices of change"), "edit_notifications", ChangeNotice),
            _item(request, _("Frozen accounts"), "ac_unit", Freeze),
            _item(request, _("Alerts"), "warning", Alert),
            _item(request, _("Lock-outs"), "lock_clock", Lockout),
        ),
        _group(
            _("Reconciliation"),
            *_registered(request),
            _item(request, _("Differences"), "difference", DriftFinding),
            _item(request, _("Journal"), "menu_book", Entry),
        ),
        _group(
            _("Customers"),
            _item(request, _("Customers"), "domain", Customer),
            _item(request, _("Customer groups"), "groups", CustomerGroup),
            _item(request, _("Customer roles"), "admin_panel_settings", CustomerRole),
        ),
        _group(
            _("Catalog"),
            _item(request, _("Products"), "inventory_2", Product),
            _item(request, _("Categories"), "category", Category),
            _item(request, _("Price lists"), "sell", PriceList),
        ),
        _group(
            _("System"),
            _item(request, _("Integrations"), "hub", Integration),
            _item(request, _("Provider accounts"), "account_balance_wallet", ProviderAccount),
            _item(request, _("Vault keys"), "key", VaultCanary),
            _item(request, _("Limits on giving back"), "speed", RefundLimit),
            _item(request, _("Configuration"), "tune", Setting),
            _item(request, _("Organizations"), "corporate_fare", Organization),
            _item(request, _("Websites"), "language", Website),
            _item(request, _("Users"), "person", User),
            _item(request, _("Mail"), "outbox", Mail),
            _item(request, _("Jobs"), "engineering", Job),
            _background(request),
            _item(request, _("Documents"), "description", Document),
        ),
    ]


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """The questions people bring to the busiest lists."""
    return [
        {
            "models": ["invoices.invoice"],
            "items": [
                _tab(request, _("All"), Invoice),
                _tab(request, _("Drafts"), Invoice, state=InvoiceState.DRAFT.value),
                _tab(request, _("Open"), Invoice, balance="open"),
                _tab(request, _("Overdue"), Invoice, balance="overdue"),
                _tab(request, _("Paid"), Invoice, balance="paid"),
            ],
        },
        {
            "models": ["oropay.payment"],
            "items": [
                _tab(request, _("All"), Payment),
                _tab(request, str(MoneyState.AUTHORIZED.label), Payment, money_state=MoneyState.AUTHORIZED.value),
                _tab(request, str(MoneyState.REVIEW.label), Payment, money_state=MoneyState.REVIEW.value),
                _tab(request, _("Settling"), Payment, money_state=MoneyState.SETTLING.value),
                _tab(request, _("Checking with the bank"), Payment, money_state=MoneyState.UNKNOWN.value),
                _tab(request, _("Declined"), Payment, money_state=MoneyState.DECLINED.value),
                _tab(request, str(MoneyState.RETURNED.label), Payment, money_state=MoneyState.RETURNED.value),
                _tab(request, str(MoneyState.DISPUTED.label), Payment, money_state=MoneyState.DISPUTED.value),
            ],
        },
        {
            "models": ["oropay.dispute"],
            "items": [
                _tab(request, _("All"), Dispute),
                _tab(request, _("To answer"), Dispute, case="answer"),
                _tab(request, _("Due this week"), Dispute, case="week"),
                _tab(request, _("Under review"), Dispute, case="review"),
                _tab(request, _("Payment unknown"), Dispute, case="unlinked"),
            ],
        },
        {
            "models": ["oropay.approval"],
            "items": [
                _tab(request, _("All"), Approval),
                _tab(request, _("Waiting"), Approval, state=ApprovalState.WAITING.value),
            ],
        },
        {
            "models": ["oropay.paymenttransaction"],
            "items": [
                _tab(request, _("All"), PaymentTransaction),
                _tab(request, _("Unknown for more than a day"), PaymentTransaction, undecided="yes"),
            ],
        },
    ]


def may_view(model: type[Model]) -> Callable[[HttpRequest], bool]:
    """Whether the person has a page for this kind of row at all."""

    def ask(request: HttpRequest) -> bool:
        page = admin.site._registry.get(model)
        return page is not None and page.has_module_permission(request) and page.has_view_permission(request)

    return ask


def _group(title: str, *items: dict[str, Any] | None) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": [item for item in items if item]}


def _item(request: HttpRequest, title: str, icon: str, model: type[Model]) -> dict[str, Any] | None:
    if not may_view(model)(request):
        return None
    address = list_of(model)
    return {
        "title": title,
        "icon": icon,
        "link": address,
        "active": lambda request: request.path.startswith(address),
    }


def _background(request: HttpRequest) -> dict[str, Any] | None:
    if not may_view(Job)(request):
        return None
    address = reverse("admin:plumbing_job_background")
    return {
        "title": _("Background work"),
        "icon": "monitor_heart",
        "link": address,
        "active": lambda request: request.path == address,
    }


def _tab(request: HttpRequest, title: str, model: type[Model], **query: str) -> dict[str, Any]:
    names = {"state__exact": query["state"]} if "state" in query else query
    names = {f"{name}__exact" if name == "money_state" else name: value for name, value in names.items()}
    wanted = {"state__exact", "balance", "money_state__exact", "case", "undecided"}
    return {
        "title": title,
        "link": list_of(model, **names),
        "active": lambda request: {name: request.GET[name] for name in wanted if name in request.GET} == names,
    }


def _registered(request: HttpRequest) -> list[dict[str, Any]]:
    """Pages of the reconciliation room, where its admin module has put them."""
    found = []
    for model, page in admin.site._registry.items():
        if model._meta.app_label != "reconciliation" or not may_view(model)(request):
            continue
        try:
            address = list_of(model)
        except NoReverseMatch:
            continue
        found.append(
            {
                "title": getattr(page, "menu_title", None) or str(model._meta.verbose_name_plural).capitalize(),
                "icon": getattr(page, "menu_icon", "balance"),
                "link": address,
                "active": lambda request, address=address: request.path.startswith(address),
            }
        )
    return found
