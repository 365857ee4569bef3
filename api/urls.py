"""Addresses for machines."""

from django.urls import URLPattern, path, re_path

from api import health, threeds, webhooks

app_name = "api"

urlpatterns: list[URLPattern] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    re_path(r"^webhooks/(?P<key>[A-Za-z0-9_-]{43})/$", webhooks.webhook, name="webhook"),
    re_path(r"^webhooks/(?P<rest>.*)$", webhooks.nowhere, name="webhook_nowhere"),
    path("3ds/<str:token>/check/", threeds.check, name="threeds_check"),
    path("3ds/<str:token>/initiate/", threeds.initiate, name="threeds_initiate"),
    path("3ds/<str:token>/method/", threeds.method, name="threeds_method"),
    path("3ds/<str:token>/challenge/", threeds.challenge, name="threeds_challenge"),
]
