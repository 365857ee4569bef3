"""A provider account that is switched off is still listened to while its money may come back."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from oropay.models import Payment, ProviderAccount
from oropay.selectors import accounts_heard


def test_a_switched_off_account_is_heard_for_half_a_year_after_its_last_payment(
    start: Callable[..., Payment], account: ProviderAccount
) -> None:
    ProviderAccount.objects.update(is_active=False)
    before = list(accounts_heard(now=timezone.now()))
    ProviderAccount.objects.update(is_active=True)
    payment = start()
    ProviderAccount.objects.update(is_active=False)

    heard = [
        [row.pk for row in accounts_heard(now=payment.created_at + timedelta(days=days))] for days in (0, 179, 181)
    ]

    assert before == []
    assert heard == [[account.pk], [account.pk], []]
