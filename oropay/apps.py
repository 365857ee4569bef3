from django.apps import AppConfig


class OropayConfig(AppConfig):
    name = "oropay"
    verbose_name = "Payments"

    def ready(self) -> None:
        from oropay.due import DueTransactions, DueWatches
        from plumbing.ports import due_rows

        due_rows.register("oropay", DueTransactions())
        due_rows.register("oropay watches", DueWatches())
