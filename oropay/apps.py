from django.apps import AppConfig


class OropayConfig(AppConfig):
    name = "oropay"
    verbose_name = "Payments"

    def ready(self) -> None:
        from ledger.ports import control_totals
        from oropay.controls import DisputesReceivable
        from oropay.due import (
            DueDisputeAnswers,
            DueInstrumentRequests,
            DueNotifications,
            DueTransactions,
            DueWatches,
        )
        from oropay.engine.daily import RereadBankDebits, RereadDebit
        from oropay.engine.verdict import VerdictApproval
        from oropay.jobs import ROTATE_JOB, CompareAccount, RereadDispute, RotateVault
        from oropay.models import ApprovalKind
        from oropay.periodic import REGULAR, CheckVault, DisputesPull, DriftChecks, HoldsEnd
        from oropay.ports import approval_handlers
        from oropay.reviews import OldReviews
        from oropay.services.credit import CreditApproval
        from oropay.services.dispute.case import REREAD_JOB
        from oropay.services.drift import DRIFT_JOB
        from oropay.services.followup import GivingBack
        from oropay.services.limits import LimitsApproval
        from oropay.services.notification import CHECK_JOB
        from oropay.services.settlement import REREAD_JOB as REREAD_DEBIT_JOB
        from oropay.webhook_check import WebhookChecks
        from plumbing.ports import due_rows, job_runners, periodic_tasks

        due_rows.register("oropay", DueTransactions())
        due_rows.register("oropay watches", DueWatches())
        due_rows.register("oropay answers to disputes", DueDisputeAnswers())
        due_rows.register("oropay instrument requests", DueInstrumentRequests())
        job_runners.register(ROTATE_JOB, RotateVault())
        due_rows.register("oropay notifications", DueNotifications())
        job_runners.register(CHECK_JOB, WebhookChecks())
        job_runners.register(DRIFT_JOB, CompareAccount())
        job_runners.register(REREAD_JOB, RereadDispute())
        job_runners.register(REREAD_DEBIT_JOB, RereadDebit())
        for task in (
            CheckVault(),
            HoldsEnd(),
            DriftChecks(),
            DisputesPull(),
            RereadBankDebits(),
            OldReviews(),
            *REGULAR,
        ):
            periodic_tasks.register(task.name, task)
        control_totals.register(DisputesReceivable.name, DisputesReceivable())
        approval_handlers.register(ApprovalKind.REFUND, GivingBack())
        approval_handlers.register(ApprovalKind.VOID, GivingBack())
        approval_handlers.register(ApprovalKind.CREDIT, CreditApproval())
        approval_handlers.register(ApprovalKind.VERDICT, VerdictApproval())
        approval_handlers.register(ApprovalKind.LIMITS, LimitsApproval())
