"""Tokens for card forms in the buyer's browser, and the cards the gateway keeps."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from oropay.gateway.globalpayments import answers, bodies
from oropay.gateway.globalpayments.calls import HOSTED_TOKEN_SECONDS, Call, Calls
from oropay.gateway.globalpayments.connector import SignInFailed
from oropay.gateway.globalpayments.verdicts import Step
from oropay.gateway.port import Answer, GatewayUnavailable, HostedToken


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

    def delete_card(self, *, token: str) -> Answer:
        return self._stored(verb="DELETE", token=token)

    def update_card(self, *, token: str, expiry_month: int, expiry_year: int) -> Answer:
        return self._stored(
            verb="PATCH", token=token, body=bodies.card_update(expiry_month=expiry_month, expiry_year=expiry_year)
        )

    def _stored(self, *, verb: str, token: str, body: Mapping[str, Any] | None = None) -> Answer:
        """No idempotency key: either request may be made again, and a second deletion finds nothing."""
        return self.ask(
            Call(
                step=Step.STORED_CARD,
                verb=verb,
                path=f"/payment-methods/{bodies.in_path(token)}",
                body=body,
                read_timeout=self.look_up_timeout,
                read=answers.answer_of_stored_card,
            )
        )
