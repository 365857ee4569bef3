from django.apps import AppConfig


class OropayConfig(AppConfig):
    name = "oropay"
    verbose_name = "Payments"

    def ready(self) -> None:
        from oropay.due import DueNotifications, DueTransactions, DueWatches
        from oropay.jobs import ROTATE_JOB, CheckVault, RotateVault
        from oropay.periodic import ForcedStatusesExpire, InboxForgetting
        from oropay.services.notification import CHECK_JOB
        from oropay.webhook_check import WebhookChecks
        from plumbing.ports import due_rows, job_runners, periodic_tasks

        due_rows.register("oropay", DueTransactions())
        due_rows.register("oropay watches", DueWatches())
        job_runners.register(ROTATE_JOB, RotateVault())
        periodic_tasks.register(CheckVault.name, CheckVault())
        periodic_tasks.register(ForcedStatusesExpire.name, ForcedStatusesExpire())
        due_rows.register("oropay notifications", DueNotifications())
        job_runners.register(CHECK_JOB, WebhookChecks())
        periodic_tasks.register(InboxForgetting.name, InboxForgetting())
