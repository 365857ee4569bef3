"""Values that people change without a release. What exists and means what is in `commerce.settings_registry`."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from commerce.models.organization import Organization, Website
from plumbing.audit import tracked


@tracked()
class Setting(models.Model):
    """A value that differs from its default, for one website, one organization, or (both empty) everywhere."""

    website = models.ForeignKey(Website, on_delete=models.CASCADE, null=True, blank=True, related_name="settings")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, null=True, blank=True, related_name="settings"
    )
    key = models.CharField(_("key"), max_length=100)
    value = models.JSONField(_("value"), encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("setting")
        constraints = [
            UniqueConstraint(
                fields=["key", "website", "organization"], nulls_distinct=False, name="setting_once_per_level"
            ),
            CheckConstraint(
                condition=Q(website__isnull=True) | Q(organization__isnull=True), name="setting_has_one_level"
            ),
        ]

    def __str__(self) -> str:
        return self.key
