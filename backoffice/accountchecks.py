"""What was known about a bank account before it was debited."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from backoffice.display import GOOD, QUIET, moment, tag
from oropay.models import CheckState, Instrument

VARIANTS = {CheckState.VERIFIED.value: GOOD}


def account_check_shown(account: Instrument) -> SafeString:
    """The state of the check, what it found, and when."""
    state = tag(str(account.get_check_state_display()), VARIANTS.get(account.check_state, QUIET), account.check_state)
    if account.checked_at is None:
        return state
    return format_html("{} {} · {}", state, account.check_words, moment(account.checked_at))
