"""Every table says who changed it: tracked, append-only, or here with the reason why neither is needed."""

from django.apps import apps

from plumbing.audit import is_append_only, is_tracked

ROOMS = ("plumbing", "commerce", "ledger", "oropay", "checkout", "invoices", "reconciliation")

NEITHER = {
    "plumbing.Mail": "an outbox row: its states and times are its history",
    "plumbing.Job": "an outbox row: its states and times are its history",
    "plumbing.Heartbeat": "overwritten every five seconds on purpose",
    "plumbing.PeriodicRun": "a claim of one period",
    "commerce.Category": "how the catalog is grouped, no money",
    "commerce.ProductUnit": "how a unit is called, no money",
    "commerce.OrderLine": "a snapshot; a trigger keeps it once its order is placed",
    "invoices.InvoiceLine": "a snapshot; a trigger keeps it once its invoice is posted",
    "reconciliation.MatchPart": "only `live` changes, and an undo is a row of its own",
    "commerce.NumberSequence": "a counter; the documents carry the numbers",
    "oropay.PaymentTransaction": "every move is a row of its steps, written by a trigger",
    "oropay.Payment": "derived from its transactions, which keep every step",
    "oropay.Notification": "an inbox row: what came never changes, its states and times are its history",
    "oropay.DriftRun": "one comparison: when, how many, and why not",
    "oropay.WebhookCheck": "a test message: who asked, and what came of it",
    "oropay.Payable": "derived columns, recomputed from transactions and allocations",
    "oropay.PaymentPayable": "amounts never change; `live` follows the transactions",
    "oropay.VaultCanary": "proof that a key opens, made anew from the ring",
    "oropay.Watch": "when to look next; what turns up is a transaction of its own",
    "oropay.ProviderHealth": "whether a gateway answers now",
    "checkout.ShoppingList": "a buyer's notes, no money",
    "checkout.ShoppingListItem": "a buyer's notes, no money",
    "checkout.Checkout": "a form being filled; the order it becomes is tracked",
    "invoices.Allocation": "every move is a row of its steps, written by a trigger",
}


def models() -> dict[str, bool]:
    """Our own tables by name, and whether something keeps their history."""
    return {
        model._meta.label: is_tracked(model) or is_append_only(model)
        for room in ROOMS
        for model in apps.get_app_config(room).get_models()
        if not any(hasattr(model, name) for name in ("pgh_tracked_model", "pgh_created_at"))
    }


def test_every_table_keeps_its_history_or_says_why_not() -> None:
    silent = sorted(name for name, kept in models().items() if not kept and name not in NEITHER)

    assert silent == []


def test_the_list_of_exceptions_names_only_tables_that_need_it() -> None:
    needless = sorted(name for name in NEITHER if models().get(name, True))

    assert needless == []
