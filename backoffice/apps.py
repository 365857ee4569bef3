from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class BackofficeConfig(AppConfig):
    name = "backoffice"


class BackOfficeAdminConfig(AdminConfig):
    """Django's admin with our site as the default one; stands in INSTALLED_APPS in place of django.contrib.admin."""

    default_site = "backoffice.site.BackOffice"
