"""One request on its way through the hardened connector, and what its answer proves."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.conf import settings

from oropay.gateway.globalpayments import answers, reports
from oropay.gateway.globalpayments.connector import (
    GatewayError,
    HardenedConnector,
    NoAnswer,
    ReplyText,
    RequestNotSent,
    SignInFailed,
)
from oropay.gateway.globalpayments.redaction import redact, redact_text
from oropay.gateway.globalpayments.verdicts import Method, Step
from oropay.gateway.port import Answer, Credentials, GatewayUnavailable, Verdict

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
class Call:
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
    read: Callable[..., Answer] = answers.answer_of
    """Reads a successful answer."""

    @cached_property
    def shown(self) -> dict[str, Any]:
        """The request, safe to store."""
        shown = {"verb": self.verb, "path": self.path, "idempotency_key": self.key, "body": self.body or {}}
        return {name: redact(value, secrets=self.secrets) for name, value in shown.items() if value}


class Calls:
    """What every subject of the adapter shares: one request through the hardened connector, and reading its answer.

    `allow_http` lets the gateway be reached without TLS on a host that is not this machine, such as a sandbox in a
    container network; unless given it is the setting OROPAY_GATEWAY_ALLOW_HTTP, else False. `ca_file` replaces the
    usual certificate authorities.

    Raises:
        UnusableCredentials: no service URL, or one that would send money in the clear.
    """

    def __init__(self, credentials: Credentials, *, allow_http: bool | None = None, ca_file: str = "") -> None:
        self.credentials = credentials
        if allow_http is None:
            allow_http = settings.OROPAY_GATEWAY_ALLOW_HTTP
        self.connector = connector_for(credentials, allow_http=allow_http, ca_file=ca_file)
        # Its token goes to browsers: another log-in, with one permission and ten minutes.
        self.hosted = connector_for(
            replace(credentials, token_seconds=HOSTED_TOKEN_SECONDS),
            allow_http=allow_http,
            ca_file=ca_file,
            hosted=True,
        )

    @property
    def look_up_timeout(self) -> float:
        """Seconds. A look-up can be asked again at any time; a payment's answer cannot."""
        patience: timedelta = settings.OROPAY_LOOKUP_READ_TIMEOUT
        return min(patience.total_seconds(), self.credentials.read_timeout)

    def ask(self, call: Call) -> Answer:
        """Send one request and say what its answer proves. Raises nothing for what network or gateway do."""
        text = self.send(call)
        if isinstance(text, Answer):
            return text
        return call.read(
            text,
            http_status=text.http_status,
            step=call.step,
            method=call.method,
            request=call.shown,
            secrets=call.secrets,
            keeping=call.keeping,
        )

    def send(self, call: Call) -> ReplyText | Answer:
        """Send one request: the text of a good answer, or what anything else proves."""
        shown = call.shown
        try:
            return self.connector.do_transaction(
                call.verb,
                call.path,
                json.dumps(call.body) if call.body is not None else None,
                None,
                call.key or None,
                send_before=call.send_before,
                read_timeout=call.read_timeout,
            )
        except RequestNotSent as error:
            return silent(Verdict.NOT_SENT, error, call, shown)
        except NoAnswer as error:
            return silent(Verdict.UNKNOWN, error, call, shown)
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

    def fetch(self, path: str, *, read_timeout: float | None = None) -> reports.Fetch:
        def fetch(query: Mapping[str, str]) -> str:
            try:
                return self.connector.do_transaction("GET", path, None, query, read_timeout=read_timeout)
            except (RequestNotSent, NoAnswer, SignInFailed, GatewayError) as error:
                raise GatewayUnavailable(f"{path} could not be read; no money is involved. {error.message}") from error

        return fetch

    def report(
        self,
        path: str,
        query: Mapping[str, str],
        plural: str,
        read: Callable[[Mapping[str, Any]], Row],
        *,
        account_name: str = "",
    ) -> Iterator[Row]:
        account = {"account_name": account_name or self.credentials.settlement_account}
        try:
            for row in reports.rows(self.fetch(path), query={**account, **query}, plural=plural):
                yield read(row)
        except reports.Unreadable as error:
            raise GatewayUnavailable(f"{path} made no sense; no money is involved. {error}") from error


def silent(verdict: Verdict, error: Any, call: Call, shown: Mapping[str, Any]) -> Answer:
    """The answer to a call that got none, without what is secret in the error."""
    return Answer(verdict=verdict, error_text=redact_text(error.message, secrets=call.secrets), request=shown)
