"""How the tests reach gpsandbox beside the gateway's API: its control room and the card form's own call."""

import json
from dataclasses import dataclass
from typing import Any

import urllib3

from oropay.gateway.globalpayments.adapter import GlobalPaymentsGateway
from oropay.gateway.port import Credentials

VISA = "4263970000005262"
DECLINED_VISA = "4000120000001154"
ADDRESS_WRONG = "5167304376624205"
"""Neither street nor postal code is the bank's; the security code is right."""
SUSPECT = "Lenny Bruce"
"""The name that the gateway's public test merchant holds for fraud."""
PATIENCE = 300.0
"""Seconds for what the gateway does behind the scenes: a week of settling ten thousand payments is one request."""


@dataclass(frozen=True)
class Sandbox:
    """A running gpsandbox."""

    url: str
    root: str
    secret: str

    def gateway(self, **changes: Any) -> GlobalPaymentsGateway:
        settings = {"app_id": "contract-app", "app_key": "contract-key", "service_url": self.url, **changes}
        return GlobalPaymentsGateway(Credentials(**settings))

    def control(self, path: str, body: Any) -> Any:
        """POST /_emu/…"""
        return self._call(f"{self.root}/_emu{path}", body, token=self.secret, patience=PATIENCE)

    def asked(self, endpoint: str, *, reference: str = "") -> list[dict[str, Any]]:
        """What the gateway was asked at one endpoint, oldest first, each with the body that was `sent`, redacted."""
        requests = self._seen("requests", reference=reference)
        rows = [row for row in requests if row["endpoint"] == endpoint]
        return [row | {"sent": json.loads(row["sent"] or "{}")} for row in rows]

    def card_token(self, number: str = VISA, *, year: str = "30") -> str:
        """A single-use token, made as the hosted fields make it: with a hosted token and a card."""
        hosted = self.gateway().mint_hosted_token()
        body = {
            "reference": "card-form-0001",
            "usage_mode": "SINGLE",
            "card": {"number": number, "expiry_month": "12", "expiry_year": year, "cvv": "123"},
        }
        return str(self._call(f"{self.url}/payment-methods", body, token=hosted.token)["id"])

    def rules(self) -> list[dict[str, Any]]:
        """All fault rules, each with how often it `fired`."""
        return self._seen("rules")

    def kept(self, what: str) -> list[dict[str, Any]]:
        """All `transactions` or `disputes` as the gateway keeps them, amounts in minor units."""
        return self._seen(what)

    def has_to_tell(self) -> bool:
        """Whether a notification is due that nobody has received yet."""
        now = self._get("clock")["now"]
        waiting = self._seen("notifications", state="WAITING") + self._seen("notifications", state="SENDING")
        return any(one["due_at"] <= now for one in waiting)

    def calm(self) -> None:
        """Forget all fault rules."""
        urllib3.request(
            "DELETE", f"{self.root}/_emu/rules", headers={"Authorization": f"Bearer {self.secret}"}, retries=False
        )

    def kept_card(self, number: str = VISA) -> str:
        """A lasting token, as an earlier payment would have left it."""
        card = {"number": number, "expiry_month": "12", "expiry_year": "30"}
        body = {"reference": "kept-card-0001", "usage_mode": "MULTIPLE", "card": card}
        answer = self.gateway().connector.do_transaction("POST", "/payment-methods", json.dumps(body))
        return str(json.loads(answer)["id"])

    def _seen(self, what: str, **fields: str) -> list[dict[str, Any]]:
        """The rows of GET /_emu/…"""
        rows: list[dict[str, Any]] = self._get(what, **fields)[what]
        return rows

    def _get(self, what: str, **fields: str) -> Any:
        answer = urllib3.request(
            "GET",
            f"{self.root}/_emu/{what}",
            fields=fields,
            headers={"Authorization": f"Bearer {self.secret}"},
            retries=False,
            timeout=PATIENCE,
        )
        return answer.json()

    def _call(self, url: str, body: Any, *, token: str, patience: float = 10.0) -> Any:
        response = urllib3.request(
            "POST",
            url,
            timeout=patience,
            body=json.dumps(body),
            headers={
                "Authorization": f"Bearer {token}",
                "X-GP-Version": "2021-03-22",
                "Content-Type": "application/json",
            },
            retries=False,
        )
        assert response.status < 300, response.data.decode()
        return response.json()
