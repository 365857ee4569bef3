"""Addresses for machines."""

from django.urls import URLPattern, path, re_path

from api import health, webhooks

app_name = "api"

urlpatterns: list[URLPattern] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    re_path(r"^webhooks/(?P<key>[A-Za-z0-9_-]{43})/$", webhooks.webhook, name="webhook"),
    re_path(r"^webhooks/(?P<rest>.*)$", webhooks.nowhere, name="webhook_nowhere"),
]
