"""Addresses of the invoice pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
