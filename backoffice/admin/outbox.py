"""For operators: mail, jobs and documents. They belong to no one organization, so superusers alone see them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.background import background_sections, background_sentence
from backoffice.display import badge, dash, moment
from backoffice.files import attachment
from backoffice.records import Facts, RecordAdmin, Section, Text
from backoffice.unfolded import display
from plumbing.models import Document, Job, Mail


class OperatorAdmin(RecordAdmin):
    organization_path = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


@admin.register(Mail)
class MailAdmin(OperatorAdmin):
    empty = gettext_lazy(
        "A mail appears here as soon as something has to be told: a receipt, an invoice, a new password."
    )
    list_display = ["subject", "to", "shown_state", "created", "sent", "tries"]
    list_filter = ["state", ("created_at", admin.DateFieldListFilter)]
    search_fields = ["to", "subject"]
    ordering = ["-id"]

    @display(description=gettext_lazy("State"), ordering="state")
    def shown_state(self, row: Mail) -> Any:
        return badge(row, "state")

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def created(self, row: Mail) -> Any:
        return moment(row.created_at)

    @display(description=gettext_lazy("Sent"), ordering="sent_at")
    def sent(self, row: Mail) -> Any:
        return moment(row.sent_at)

    def headline(self, request: HttpRequest, row: Mail) -> Sequence[Any]:
        return (badge(row, "state"),)

    def sections(self, request: HttpRequest, row: Mail) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("To"), row.to),
                (_("Subject"), row.subject),
                (_("Created"), moment(row.created_at)),
                (_("Sent"), moment(row.sent_at)),
                (_("Tries"), row.tries),
                (_("Next try"), moment(row.next_at)),
                (_("Error"), row.error or dash()),
                (_("Attached"), ", ".join(one.name for one in row.documents.defer("content")) or dash()),
            ],
        )
        yield Text(_("Text"), row.text)


@admin.register(Job)
class JobAdmin(OperatorAdmin):
    empty = gettext_lazy("A job appears here when something takes longer than a page may wait, such as drawing a PDF.")
    list_display = ["kind", "key", "shown_state", "progress", "created", "tries"]
    list_filter = ["state", "kind"]
    search_fields = ["kind", "key"]
    ordering = ["-id"]

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (("background/", "plumbing_job_background", self.background_view),)

    def background_view(self, request: HttpRequest, model_admin: Any = None) -> HttpResponse:
        """The page "Background work"."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = timezone.now()
        return TemplateResponse(
            request,
            "backoffice/background.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Background work"),
                "sentence": background_sentence(now),
                "sections": background_sections(now),
            },
        )

    @display(description=gettext_lazy("State"), ordering="state")
    def shown_state(self, row: Job) -> Any:
        return badge(row, "state")

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def created(self, row: Job) -> Any:
        return moment(row.created_at)

    def headline(self, request: HttpRequest, row: Job) -> Sequence[Any]:
        return (badge(row, "state"), f"{row.progress} %")

    def sections(self, request: HttpRequest, row: Job) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("Kind"), row.kind),
                (_("About"), row.key),
                (_("Created"), moment(row.created_at)),
                (_("Next run"), moment(row.next_at)),
                (_("Ended"), moment(row.ended_at)),
                (_("Tries"), row.tries),
            ],
        )
        if row.error:
            yield Text(_("Error"), row.error)


@admin.register(Document)
class DocumentAdmin(OperatorAdmin):
    empty = gettext_lazy("A document appears here when an invoice or a receipt was drawn.")
    list_display = ["name", "kind", "size", "created"]
    list_filter = ["kind"]
    search_fields = ["name", "sha256"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        rows: QuerySet[Document] = super().get_queryset(request)
        return rows.defer("content")

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def created(self, row: Document) -> Any:
        return moment(row.created_at)

    def sections(self, request: HttpRequest, row: Document) -> Iterable[Section]:
        address = reverse("admin:plumbing_document_file", args=[row.pk])
        yield Facts(
            _("Details"),
            [
                (_("File"), format_html('<a class="office-link" href="{}">{}</a>', address, row.name)),
                (_("Kind"), row.get_kind_display()),
                (_("Type"), row.content_type),
                (_("Size"), _("{n} bytes").format(n=row.size)),
                (_("SHA-256"), row.sha256),
                (_("Created"), moment(row.created_at)),
            ],
        )

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (("<int:document_id>/file/", "plumbing_document_file", self.file_view),)

    def file_view(self, request: HttpRequest, document_id: int, model_admin: Any = None) -> HttpResponse:
        return attachment(self.row_or_404(request, document_id))
