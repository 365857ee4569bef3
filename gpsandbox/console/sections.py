"""The subjects that the console shows. A new subject is one more entry here; it appears once its table exists."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Section:
    """One list with its detail page, read straight from a table. Columns that the table lacks are left out."""

    slug: str
    title: str
    table: str
    columns: tuple[str, ...]
    """Of the list, in order; `id` leads to the detail page."""
    filters: tuple[str, ...] = ()
    """Columns to choose a value of."""
    search: tuple[str, ...] = ()
    """Columns that the search box looks into."""
    endpoint: str = ""
    """The API's own answer about one row: shown as raw JSON."""
    related: Mapping[str, str] = field(default_factory=dict)
    """Other sections → their column that holds this row's id."""
    life: tuple["Trace", ...] = ()
    secret: frozenset[str] = frozenset()
    """Columns that are never shown: too long or of no use to a person."""
    empty: str = ""
    """What will appear here, and how to make it appear."""


@dataclass(frozen=True)
class Trace:
    """Rows of another table that tell what happened to this one, and when."""

    table: str
    column: str
    """Holds the subject's id."""
    at: str
    says: tuple[str, ...]
    """Columns whose values make the sentence."""
    title: str
    but_not: str = ""
    """SQL that names rows of no interest."""


SECTIONS: tuple[Section, ...] = (
    Section(
        slug="transactions",
        title="Transactions",
        table="transactions",
        columns=("id", "created_at", "type", "status", "amount", "brand", "last4", "reference"),
        filters=("status", "type", "method", "currency"),
        search=("id", "reference", "order_reference", "last4", "name"),
        endpoint="/transactions/{id}",
        related={"transactions": "parent_id", "disputes": "transaction_id", "notifications": "resource_id"},
        life=(
            Trace(
                "actions",
                "resource_id",
                "created_at",
                ("type", "resource_status", "response_code", "message"),
                "Call",
                but_not="type LIKE '%\\_SINGLE' ESCAPE '\\' OR type LIKE '%\\_LIST' ESCAPE '\\'",
            ),
            Trace("transactions", "parent_id", "created_at", ("type", "status", "id"), "Follow-up"),
            Trace(
                "settlement_lines", "transaction_id", "created_at", ("status", "batch_id", "deposit_id"), "In a batch"
            ),
            Trace("disputes", "transaction_id", "created_at", ("stage", "status", "result"), "Dispute"),
            Trace("notifications", "resource_id", "created_at", ("status", "state"), "Notification"),
            Trace("requests", "resource_id", "time_created", ("fault",), "Fault", but_not="fault = ''"),
        ),
        secret=frozenset({"fingerprint"}),
        empty="Charges and refunds appear here as soon as the shop sends one.",
    ),
    Section(
        slug="tokens",
        title="Tokens",
        table="payment_methods",
        columns=("id", "created_at", "status", "usage_mode", "brand", "last4", "name", "reference"),
        filters=("status", "usage_mode", "brand"),
        search=("id", "reference", "last4", "name"),
        endpoint="/payment-methods/{id}",
        related={"transactions": "token_id"},
        secret=frozenset({"fingerprint"}),
        empty="A card typed into the hosted fields appears here as a single-use token.",
    ),
    Section(
        slug="authentications",
        title="3-D Secure",
        table="authentications",
        columns=("id", "created_at", "status", "amount", "brand", "last4", "reference"),
        filters=("status", "brand"),
        search=("id", "reference", "last4"),
        endpoint="/authentications/{id}",
        secret=frozenset({"fingerprint", "cryptogram"}),
        empty="Appears when the shop asks the card holder's bank who is paying.",
    ),
    Section(
        slug="links",
        title="Links",
        table="links",
        columns=("id", "created_at", "status", "amount", "name", "reference", "expires_at"),
        filters=("status", "type"),
        search=("id", "reference", "name"),
        endpoint="/links/{id}",
        empty="Links to pay appear here when the shop makes one.",
    ),
    Section(
        slug="disputes",
        title="Disputes",
        table="disputes",
        columns=("id", "created_at", "stage", "status", "result", "amount", "respond_by", "reference"),
        filters=("stage", "status", "result"),
        search=("id", "reference", "transaction_id", "arn"),
        endpoint="/disputes/{id}",
        empty="Open one on the page of a captured card sale.",
    ),
    Section(
        slug="batches",
        title="Batches",
        table="batches",
        columns=("id", "created_at", "status", "currency", "method", "closed_at"),
        filters=("status", "currency", "method"),
        search=("id",),
        endpoint="/batches/{id}",
        related={"transactions": "batch_id"},
        empty="The first captured payment opens a batch.",
    ),
    Section(
        slug="deposits",
        title="Deposits",
        table="deposits",
        columns=("id", "paid_on", "status", "amount", "method", "sales_amount", "refunds_amount", "fees_amount"),
        filters=("status", "currency", "method"),
        search=("id",),
        endpoint="/settlement/deposits/{id}",
        life=(Trace("settlement_lines", "deposit_id", "created_at", ("status", "transaction_id"), "Paid out"),),
        empty="Money is paid out when settlement runs: there is a button for it.",
    ),
    Section(
        slug="notifications",
        title="Notifications",
        table="notifications",
        columns=("id", "created_at", "state", "status", "url", "attempts", "reference"),
        filters=("state", "status"),
        search=("id", "reference", "resource_id", "url"),
        life=(
            Trace(
                "notification_attempts",
                "notification_id",
                "time_created",
                ("number", "http_status", "problem", "milliseconds"),
                "Attempt",
            ),
        ),
        empty="Appears when something happens that the shop wants to be told.",
    ),
    Section(
        slug="journal",
        title="Journal",
        table="requests",
        columns=("id", "time_created", "method", "path", "status", "detailed_error_code", "fault", "reference"),
        filters=("method", "endpoint", "status"),
        search=("reference", "resource_id", "idempotency_key", "path"),
        empty="Every call of the API appears here, with what it was told. Secrets are hidden.",
    ),
)

BY_SLUG = {section.slug: section for section in SECTIONS}
