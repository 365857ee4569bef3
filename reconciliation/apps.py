from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReconciliationConfig(AppConfig):
    name = "reconciliation"
    verbose_name = _("Reconciliation")

    def ready(self) -> None:
        from ledger.ports import control_totals
        from oropay.ports import money_listeners
        from plumbing.ports import due_rows, periodic_tasks
        from reconciliation.controls import CashInTransit, GatewayClearing, GatewayFees, UndepositedFunds
        from reconciliation.due import DuePulls
        from reconciliation.listener import ExpectationsOfMoney
        from reconciliation.periodic import SettlementPulls

        money_listeners.register("reconciliation", ExpectationsOfMoney())
        due_rows.register("reconciliation", DuePulls())
        periodic_tasks.register(SettlementPulls.name, SettlementPulls())
        for control in (GatewayClearing(), CashInTransit(), GatewayFees(), UndepositedFunds()):
            control_totals.register(control.name, control)
