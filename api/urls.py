"""Addresses for machines."""

from django.urls import URLPattern, path

from api import health

app_name = "api"

urlpatterns: list[URLPattern] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]
