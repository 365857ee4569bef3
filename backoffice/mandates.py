"""What a person agreed to before a bank account was debited: the words, their hash, who, when, from where."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import GOOD, QUIET, dash, moment, short_id, tag
from backoffice.records import Facts, Section, Table, Text
from commerce.money import format_money
from oropay.models import Instrument, Mandate, MandateKind

CHANNELS = {"web": gettext_lazy("online"), "phone": gettext_lazy("by phone"), "paper": gettext_lazy("on paper")}


def mandate_facts(mandate: Mandate) -> Iterator[Section]:
    """The mandate a payment was debited under, whole: what an auditor or the bank asks for."""
    yield Facts(
        _("Authorisation of the debit"),
        [
            (_("Covers"), covers(mandate)),
            (_("SEC code"), mandate.get_sec_code_display()),
            (_("Given"), given(mandate)),
            (_("By"), mandate.given_by),
            (_("IP address"), mandate.ip_address or dash()),
            (_("Browser"), mandate.user_agent or dash()),
            (_("Proof"), proof_link(mandate)),
            (_("Note"), mandate.note or dash()),
            (_("State"), state(mandate)),
            (_("Text version"), mandate.text_version),
            (_("SHA-256 of the words"), mandate.text_hash),
        ],
    )
    yield Text(_("Words agreed to"), mandate.text)


def mandates_table(account: Instrument) -> Table:
    """Every mandate of a bank account, newest first."""
    return Table(
        _("Mandates"),
        [
            _("Given"),
            _("By"),
            _("Covers"),
            _("SEC code"),
            _("Words agreed to"),
            _("Their SHA-256"),
            _("Proof"),
            _("State"),
        ],
        [
            [
                given(one),
                one.given_by,
                covers(one),
                one.sec_code,
                words_folded(one.text),
                short_id(one.text_hash),
                proof_link(one),
                state(one),
            ]
            for one in account.mandates.select_related(
                "given_by", "revoked_by", "document", "instrument__provider_account"
            ).defer("document__content")
        ],
        empty=_("The words a person agreed to before a debit will appear here."),
    )


def words_folded(text: str) -> SafeString:
    """The words agreed to, folded to their beginning: a table has no room for all of them at once."""
    return format_html('<details class="office-fold"><summary>{}</summary>{}</details>', Truncator(text).words(6), text)


def covers(mandate: Mandate) -> str:
    """What it covers, and up to which amount."""
    if mandate.limit is None:
        return str(mandate.get_kind_display())
    currency = mandate.instrument.provider_account.settlement_currency
    return _("{kind}, up to {limit} a debit").format(
        kind=mandate.get_kind_display(), limit=format_money(mandate.limit, currency)
    )


def given(mandate: Mandate) -> SafeString:
    """When, how and from where."""
    parts = [str(CHANNELS.get(mandate.channel, mandate.channel)), mandate.ip_address or ""]
    return format_html("<span>{}<br>{}</span>", moment(mandate.given_at), " · ".join(part for part in parts if part))


def proof_link(mandate: Mandate) -> SafeString:
    """The recording, notice or signed paper, to save."""
    if mandate.document_id is None:
        return dash()
    address = reverse("admin:oropay_instrument_proof", args=[mandate.instrument_id, mandate.pk])
    return format_html('<a class="office-link" href="{}">{}</a>', address, mandate.document.name)  # type: ignore[union-attr]


def state(mandate: Mandate) -> Any:
    if mandate.revoked_at is not None:
        words = _("revoked {when}{why}").format(
            when=f"{mandate.revoked_at:%Y-%m-%d}", why=f": {mandate.revoked_because}" if mandate.revoked_because else ""
        )
        by = f" · {mandate.revoked_by}" if mandate.revoked_by else ""
        return format_html("<span>{} {}{}</span>", tag(_("Ended"), QUIET, state="revoked"), words, by)
    if mandate.kind == MandateKind.SINGLE:
        return tag(_("For one debit"), QUIET, state="single")
    return tag(_("In force"), GOOD, state="live")
