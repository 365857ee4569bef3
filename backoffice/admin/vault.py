"""Keys of the vault: which are in use, how much hangs on each, whether they open. No secret is shown or typed here."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin.outbox import OperatorAdmin
from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.display import BAD, GOOD, QUIET, dash, moment, tag
from backoffice.records import Facts, Section, Table
from backoffice.unfolded import display
from oropay.jobs import rotation_queue
from oropay.models import VaultCanary
from oropay.vault.keys import KeyHealth, Ring, vault_health


class SealAnewForm(DialogForm):
    submit_text = gettext_lazy("Seal anew")

    @cached_property
    def old(self) -> int:
        return sum(key.rows for key in vault_health() if key.ring == Ring.VAULT and not key.current)

    def sentence(self) -> Words:
        return _(
            "No money moves. The gateway worker seals {n} boxes anew with the current key; payments go on meanwhile."
        ).format(n=self.old)

    def unavailable(self) -> Words:
        return "" if self.old else _("Everything is sealed with the current key already.")


@admin.register(VaultCanary)
class VaultCanaryAdmin(OperatorAdmin):
    empty = gettext_lazy("A key appears here when a gateway worker has started or a provider account was provisioned.")
    list_display = ["key_id", "opens", "checked", "made"]
    list_before_template = "backoffice/_vault.html"
    actions_detail = ["seal_anew"]

    @dialog(
        title=gettext_lazy("Seal everything anew"),
        form=SealAnewForm,
        permissions=["oropay.change_vaultcanary"],
        icon="autorenew",
    )
    def seal_anew(self, request: HttpRequest, form: SealAnewForm) -> Words:
        job = rotation_queue(now=timezone.now())
        return _("The gateway worker does it as job {n}; its progress is under Jobs.").format(n=job.pk)

    @display(description=gettext_lazy("Opens"))
    def opens(self, row: VaultCanary) -> Any:
        return _opens(trouble=row.trouble, tried=row.checked_at is not None)

    @display(description=gettext_lazy("Tried by a worker"), ordering="checked_at")
    def checked(self, row: VaultCanary) -> Any:
        return moment(row.checked_at)

    @display(description=gettext_lazy("Made"), ordering="made_at")
    def made(self, row: VaultCanary) -> Any:
        return moment(row.made_at)

    def headline(self, request: HttpRequest, row: VaultCanary) -> Sequence[Any]:
        return (self.opens(row),)

    def sections(self, request: HttpRequest, row: VaultCanary) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("Key"), row.key_id),
                (_("Trouble"), row.trouble or dash()),
                (_("Tried by a worker"), moment(row.checked_at)),
                (_("Made"), moment(row.made_at)),
            ],
        )
        yield Table(
            _("All keys"),
            [_("Ring"), _("Key"), _("Use"), _("Rows"), _("State")],
            [[_ring(key), key.key_id, _use(key), key.rows, _state(key)] for key in vault_health()],
            empty=_("No key is configured; nothing can be stored."),
            right=frozenset({3}),
            note=_(
                "Payloads are never closed anew: their old keys stay in OROPAY_SECRETBOX_KEYS as long as rows hang on "
                "them."
            ),
        )


def _opens(*, trouble: str, tried: bool) -> Any:
    if trouble:
        return tag(_("Does not open"), BAD, state="closed")
    return tag(_("Opens"), GOOD, state="opens") if tried else tag(_("Not tried yet"), QUIET, state="untried")


def _ring(key: KeyHealth) -> str:
    return _("Vault") if key.ring == Ring.VAULT else _("Payloads")


def _use(key: KeyHealth) -> str:
    if key.current:
        return _("closes new ones")
    return _("still needed") if key.needed else _("may leave its ring")


def _state(key: KeyHealth) -> Any:
    if key.trouble:
        return key.trouble
    return tag(_("There"), GOOD) if key.ring == Ring.PAYLOAD else _opens(trouble="", tried=key.checked_at is not None)
