"""`GlobalPaymentsGateway`: the port's methods, each one request through the hardened connector."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.utils import timezone

from oropay.gateway.globalpayments import answers, bodies, reports
from oropay.gateway.globalpayments.connector import (
    GatewayError,
    HardenedConnector,
    NoAnswer,
    RequestNotSent,
    SignInFailed,
)
from oropay.gateway.globalpayments.exceptions import UnusableRequest
from oropay.gateway.globalpayments.redaction import redact, redact_text
from oropay.gateway.globalpayments.verdicts import Method, Step
from oropay.gateway.port import (
    Answer,
    BankAccount,
    Capture,
    CardToken,
    Credentials,
    DepositAdvice,
    FollowUpRequest,
    GatewayUnavailable,
    HostedToken,
    Listing,
    SaleRequest,
    SettledTransaction,
    Verdict,
)

TRANSACTIONS = "/transactions"
EXPIRY_READ_TIMEOUT = 2.0
"""Seconds. The card's expiry is a courtesy on the way back from a payment that is already answered."""
LIST_PAGE = 100
HOSTED_TOKEN_SECONDS = 600
HOSTED_TOKEN_PERMISSION = "PMT_POST_Create_Single"  # noqa: S105  a permission's name

Row = TypeVar("Row")

_connectors: dict[tuple[int, Credentials, bool, str, str], HardenedConnector] = {}
_connectors_lock = threading.Lock()


def connector_for(
    credentials: Credentials, *, allow_http: bool, ca_file: str, hosted: bool = False
) -> HardenedConnector:
    """The process's one connector for these credentials, so that its threads share one access token.

    A forked child gets its own: the key holds the process id.
    """
    purpose = "hosted" if hosted else ""
    name = (os.getpid(), credentials, allow_http, ca_file, purpose)
    with _connectors_lock:
        if name not in _connectors:
            _connectors[name] = HardenedConnector(
                credentials,
                allow_http=allow_http,
                ca_file=ca_file,
                permissions=(HOSTED_TOKEN_PERMISSION,) if hosted else (),
                restricted=hosted,
            )
        return _connectors[name]


@dataclass(frozen=True)
class _Call:
    """One request on its way, and what is needed to read its answer."""

    step: Step
    verb: str
    path: str
    body: Mapping[str, Any] | None = None
    method: Method = Method.UNSEEN
    key: str = ""
    send_before: float | None = None
    read_timeout: float | None = None
    secrets: tuple[str, ...] = ()
    keeping: str = ""

    def shown(self) -> dict[str, Any]:
        """The request, safe to store."""
        shown = {"verb": self.verb, "path": self.path, "idempotency_key": self.key, "body": self.body or {}}
        return {name: redact(value, secrets=self.secrets) for name, value in shown.items() if value}


class GlobalPaymentsGateway:
    """One merchant account at Global Payments. Implements `PaymentGateway`; safe under threads.

    `allow_http` lets the gateway be reached without TLS on a host that is not this machine, such as a sandbox in a
    container network; unless given it is the setting OROPAY_GATEWAY_ALLOW_HTTP, else False. `ca_file` replaces the
    usual certificate authorities.

    Raises:
        UnusableCredentials: no service URL, or one that would send money in the clear.
    """

    def __init__(self, credentials: Credentials, *, allow_http: bool | None = None, ca_file: str = "") -> None:
        self._credentials = credentials
        if allow_http is None:
            allow_http = settings.OROPAY_GATEWAY_ALLOW_HTTP
        self._connector = connector_for(credentials, allow_http=allow_http, ca_file=ca_file)
        # Its token goes to browsers: another log-in, with one permission and ten minutes.
        self._hosted = connector_for(
            replace(credentials, token_seconds=HOSTED_TOKEN_SECONDS),
            allow_http=allow_http,
            ca_file=ca_file,
            hosted=True,
        )

    def charge(self, request: SaleRequest) -> Answer:
        return self._pay(lambda: self._sale(request, held=False))

    def authorize(self, request: SaleRequest) -> Answer:
        return self._pay(lambda: self._sale(request, held=True))

    def capture(self, request: FollowUpRequest) -> Answer:
        return self._pay(
            lambda: _follow_up(request, Step.CAPTURE, "capture", bodies.capture(request), method=Method.CARD)
        )

    def cancel(self, request: FollowUpRequest) -> Answer:
        return self._pay(lambda: _follow_up(request, Step.REVERSAL, "reversal", bodies.reversal(request)))

    def refund(self, request: FollowUpRequest) -> Answer:
        return self._pay(lambda: _follow_up(request, Step.REFUND, "refund", bodies.refund(request), method=Method.CARD))

    def look_up(self, *, gateway_id: str) -> Answer:
        call = _Call(
            step=Step.LOOK_UP,
            verb="GET",
            path=f"{TRANSACTIONS}/{bodies.in_path(gateway_id)}",
            read_timeout=self._look_up_timeout,
        )
        answer = self._ask(call)
        if answer.gateway_id and answer.gateway_id != gateway_id:
            text = f"Asked for {gateway_id}, the gateway answered with {answer.gateway_id}."
            return replace(answer, verdict=Verdict.UNKNOWN, error_text=text)
        return answer

    def find_by_reference(self, *, reference: str) -> Listing:
        found: list[Answer] = []
        try:
            for row in reports.rows(
                self._fetch(TRANSACTIONS, read_timeout=self._look_up_timeout),
                query={"reference": bodies.own_reference(reference)},
                plural="transactions",
                page_size=LIST_PAGE,
            ):
                found += [answers.answer_of_body(row, step=Step.LOOK_UP)] if row.get("reference") == reference else []
        except (GatewayUnavailable, reports.Unreadable):
            return Listing(complete=False, found=tuple(found))
        return Listing(complete=all(answer.gateway_id for answer in found), found=tuple(found))

    def mint_hosted_token(self) -> HostedToken:
        asked_at = timezone.now()
        try:
            answer = self._hosted.get_access_token()
        except SignInFailed as error:
            raise GatewayUnavailable("No card form token could be had; no money is involved.") from error
        seconds = answer.seconds_to_expire if isinstance(answer.seconds_to_expire, int) else HOSTED_TOKEN_SECONDS
        return HostedToken(token=answer.token, expires_at=asked_at + timedelta(seconds=seconds))

    def settled(self, *, since: date, until: date) -> Iterator[SettledTransaction]:
        query = {"from_deposit_time_created": since.isoformat(), "to_deposit_time_created": until.isoformat()}
        for line in self._report("/settlement/transactions", query, "transactions", reports.settled_transaction):
            if line.deposit_date is not None and since <= line.deposit_date <= until:
                yield line

    def deposits(self, *, since: date, until: date) -> Iterator[DepositAdvice]:
        query = {"from_time_created": since.isoformat(), "to_time_created": until.isoformat()}
        for advice in self._report("/settlement/deposits", query, "deposits", reports.deposit_advice):
            if since <= advice.paid_on <= until:
                yield advice

    @property
    def _look_up_timeout(self) -> float:
        """Seconds. A look-up can be asked again at any time; a payment's answer cannot."""
        patience: timedelta = settings.OROPAY_LOOKUP_READ_TIMEOUT
        return min(patience.total_seconds(), self._credentials.read_timeout)

    def _sale(self, request: SaleRequest, *, held: bool) -> _Call:
        if held is (request.capture is Capture.NOW):
            raise UnusableRequest(
                "A charge takes the money now, an authorization later; the request says the opposite."
            )
        source = request.source
        bank = isinstance(source, BankAccount)
        return _Call(
            step=Step.SALE,
            verb="POST",
            path=TRANSACTIONS,
            body=bodies.sale(request, self._credentials),
            method=Method.ACH if bank else Method.CARD,
            key=bodies.key(request.idempotency_key),
            send_before=request.send_before,
            secrets=(source.account_number,) if isinstance(source, BankAccount) else (),
            keeping=source.token if isinstance(source, CardToken) and source.keep else "",
        )

    def _pay(self, build: Callable[[], _Call]) -> Answer:
        """Build a money request, send it, read its answer. A request that cannot be built certainly moved nothing."""
        try:
            call = build()
        except UnusableRequest as error:
            return Answer(verdict=Verdict.FAILED, error_text=redact_text(str(error)))
        return self._with_expiry(self._ask(call))

    def _ask(self, call: _Call) -> Answer:
        """Send one request and say what its answer proves. Raises nothing for what network or gateway do."""
        shown = call.shown()
        try:
            text = self._connector.do_transaction(
                call.verb,
                call.path,
                json.dumps(call.body) if call.body is not None else None,
                None,
                call.key or None,
                send_before=call.send_before,
                read_timeout=call.read_timeout,
            )
        except RequestNotSent as error:
            return _silent(Verdict.NOT_SENT, error, call, shown)
        except NoAnswer as error:
            return _silent(Verdict.UNKNOWN, error, call, shown)
        except SignInFailed as error:
            refused = error.http_status is not None and 400 <= error.http_status < 500
            answer = answers.answer_of_error(
                error.raw_body, http_status=error.http_status or 0, step=call.step, request=shown
            )
            return replace(
                answer,
                verdict=Verdict.REFUSED if refused else Verdict.NOT_SENT,
                http_status=error.http_status,
                error_text=f"{error.message} {answer.error_text}" if refused else error.message,
                duplicate_of="",
            )
        except GatewayError as error:
            return answers.answer_of_error(
                error.raw_body, http_status=error.http_status, step=call.step, request=shown, secrets=call.secrets
            )
        return answers.answer_of(
            text,
            http_status=text.http_status,
            step=call.step,
            method=call.method,
            request=shown,
            secrets=call.secrets,
            keeping=call.keeping,
        )

    def _with_expiry(self, answer: Answer) -> Answer:
        """The expiry of a card that was just kept, which a payment's answer does not carry."""
        if not answer.kept_token or answer.expiry_year is not None:
            return answer
        path = f"/payment-methods/{bodies.in_path(answer.kept_token)}"
        try:
            text = self._connector.do_transaction("GET", path, read_timeout=EXPIRY_READ_TIMEOUT)
        except (RequestNotSent, NoAnswer, SignInFailed, GatewayError):
            # The payment stands and the card is kept; only its expiry stays unknown.
            return answer
        card = (answers.read_json(text) or {}).get("card")
        return replace(answer, expiry_month=answers.expiry_month(card), expiry_year=answers.expiry_year(card))

    def _fetch(self, path: str, *, read_timeout: float | None = None) -> reports.Fetch:
        def fetch(query: Mapping[str, str]) -> str:
            try:
                return self._connector.do_transaction("GET", path, None, query, read_timeout=read_timeout)
            except (RequestNotSent, NoAnswer, SignInFailed, GatewayError) as error:
                raise GatewayUnavailable(f"{path} could not be read; no money is involved. {error.message}") from error

        return fetch

    def _report(
        self, path: str, query: Mapping[str, str], plural: str, read: Callable[[Mapping[str, Any]], Row]
    ) -> Iterator[Row]:
        account = {"account_name": self._credentials.settlement_account}
        try:
            for row in reports.rows(self._fetch(path), query={**account, **query}, plural=plural):
                yield read(row)
        except reports.Unreadable as error:
            raise GatewayUnavailable(f"{path} made no sense; no money is involved. {error}") from error


def _follow_up(
    request: FollowUpRequest, step: Step, act: str, body: Mapping[str, Any], *, method: Method = Method.UNSEEN
) -> _Call:
    return _Call(
        step=step,
        verb="POST",
        path=f"{TRANSACTIONS}/{bodies.in_path(request.gateway_id)}/{act}",
        body=body,
        method=method,
        key=bodies.key(request.idempotency_key),
        send_before=request.send_before,
    )


def _silent(verdict: Verdict, error: Any, call: _Call, shown: Mapping[str, Any]) -> Answer:
    return Answer(verdict=verdict, error_text=redact_text(error.message, secrets=call.secrets), request=shown)
