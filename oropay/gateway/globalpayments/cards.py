"""Tokens for card forms in the buyer's browser."""

from datetime import timedelta

from django.utils import timezone

from oropay.gateway.globalpayments.calls import HOSTED_TOKEN_SECONDS, Calls
from oropay.gateway.globalpayments.connector import SignInFailed
from oropay.gateway.port import GatewayUnavailable, HostedToken


class Cards(Calls):
    """Implements `port.cards.Cards`."""

    def mint_hosted_token(self) -> HostedToken:
        asked_at = timezone.now()
        try:
            answer = self.hosted.get_access_token()
        except SignInFailed as error:
            raise GatewayUnavailable("No card form token could be had; no money is involved.") from error
        seconds = answer.seconds_to_expire if isinstance(answer.seconds_to_expire, int) else HOSTED_TOKEN_SECONDS
        return HostedToken(token=answer.token, expires_at=asked_at + timedelta(seconds=seconds))
