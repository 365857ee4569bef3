"""The journal: every entry of the books with its postings."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import dash, day, link, money
from backoffice.records import Facts, RecordAdmin, Section, Table
from backoffice.unfolded import display
from invoices.models import Invoice
from ledger.models import AccountName, Entry
from oropay.models import PaymentTransaction
from reconciliation.models import Deposit

SOURCES = {"transaction": PaymentTransaction, "invoice": Invoice, "deposit": Deposit}
"""What the first word of an entry's source points at."""


class AccountFilter(admin.SimpleListFilter):
    title = gettext_lazy("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name.value, str(name.label)) for name in AccountName]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(postings__account__name=self.value()).distinct()


@admin.register(Entry)
class EntryAdmin(RecordAdmin):
    empty = gettext_lazy("An entry appears here with every invoice that is posted and every amount that moves.")
    list_display = ["number", "posted", "debits", "kind", "customer", "source"]
    list_filter = ["kind", AccountFilter, ("posted_on", admin.DateFieldListFilter), "currency"]
    search_fields = ["=id", "source", "memo", "customer__name"]
    search_help_text = gettext_lazy("A source such as transaction:12, a memo, or the customer")
    list_select_related = ["customer"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        rows: QuerySet[Entry] = super().get_queryset(request)
        return rows.annotate(debit=Sum("postings__amount", filter=Q(postings__amount__gt=0)))

    @display(description=gettext_lazy("Entry"), ordering="id")
    def number(self, row: Entry) -> str:
        return f"#{row.pk}"

    @display(description=gettext_lazy("Posted on"), ordering="posted_on")
    def posted(self, row: Entry) -> Any:
        return day(row.posted_on)

    @display(description=gettext_lazy("Amount"))
    def debits(self, row: Any) -> Any:
        return money(row.debit, row.currency)

    def heading(self, row: Entry) -> str:
        return _("Entry #{number}").format(number=row.pk)

    def heading_amount(self, row: Any) -> Any:
        return money(row.debit, row.currency)

    def headline(self, request: HttpRequest, row: Any) -> Sequence[Any]:
        return (row.get_kind_display(),)

    def sections(self, request: HttpRequest, row: Entry) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("Happened on"), day(row.occurred_on)),
                (_("Posted on"), day(row.posted_on)),
                (_("Period"), str(row.period)),
                (_("Customer"), link(row.customer) if row.customer else dash()),
                (_("Caused by"), _cause(row)),
                (_("Memo"), row.memo or dash()),
                (_("Undoes"), link(row.mirror_of) if row.mirror_of else dash()),
            ],
        )
        postings = list(row.postings.select_related("account").order_by("pk"))
        yield Table(
            _("Postings"),
            [_("Account"), _("Debit"), _("Credit")],
            [
                [
                    one.account,
                    money(one.amount, row.currency) if one.amount > 0 else "",
                    money(-one.amount, row.currency) if one.amount < 0 else "",
                ]
                for one in postings
            ]
            + [
                [
                    _("Together"),
                    money(sum((one.amount for one in postings if one.amount > 0), Decimal(0)), row.currency),
                    money(-sum((one.amount for one in postings if one.amount < 0), Decimal(0)), row.currency),
                ]
            ],
            empty="",
            right=frozenset({1, 2}),
        )


def _cause(row: Entry) -> Any:
    kind, _colon, key = row.source.partition(":")
    model = SOURCES.get(kind)
    if model is None or not key.isdigit():
        return row.source
    found = model._default_manager.filter(pk=int(key)).first()
    return link(found) if found is not None else row.source
