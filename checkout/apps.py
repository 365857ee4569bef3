from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckoutConfig(AppConfig):
    name = "checkout"
    verbose_name = _("Checkout")

    def ready(self) -> None:
        from checkout.control import DepositTotal
        from checkout.handlers import OrderPayable
        from ledger.ports import control_totals
        from oropay.models import PayableKind
        from oropay.ports import payable_handlers

        payable_handlers.register(PayableKind.ORDER, OrderPayable())
        control_totals.register("checkout deposits", DepositTotal())
