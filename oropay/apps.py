from django.apps import AppConfig


class OropayConfig(AppConfig):
    name = "oropay"
