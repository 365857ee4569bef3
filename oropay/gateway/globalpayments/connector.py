"""The one hardened door to the SDK: its sign-in and its error types, our transport and per-call headers.

Safe to use from many threads at once: what belongs to one call (token, idempotency key, deadline) lives in that call
and never on the connector.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

import certifi

from oropay.gateway import guard
from oropay.gateway.globalpayments import hardening
from oropay.gateway.globalpayments.exceptions import UnusableCredentials
from oropay.gateway.globalpayments.transport import AnswerLost, NotSent, Transport
from oropay.gateway.port import Credentials

SUCCESS = frozenset((200, 201, 202, 204))
REFRESH_AT = 0.8
"""The share of a token's life after which it is renewed before it can expire under a payment."""
REFRESH_RETRY = 30.0
"""Seconds until a failed early renewal is tried again while the old token still works."""
SIGN_IN_READ_TIMEOUT = 10.0
"""Seconds. A payment that waits for a log-in has not been sent yet and is better given back to its queue."""

SIGN_IN = hardening.GpApiRequest.ACCESS_TOKEN_ENDPOINT
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class ReplyText(str):
    """A good answer's body, with the HTTP status the SDK throws away."""

    http_status: int

    def __new__(cls, text: str, http_status: int) -> "ReplyText":
        reply = super().__new__(cls, text)
        reply.http_status = http_status
        return reply


class RequestNotSent(hardening.GatewayException):
    """Proven: no byte of the request left. The same request may be sent again."""


class NoAnswer(hardening.GatewayException):
    """Sent, and no complete answer came. What the gateway did is unknown."""


class GatewayError(hardening.GatewayException):
    """The gateway answered with an error. Keeps the HTTP status and the body the SDK drops."""

    def __init__(self, http_status: int, raw_body: str) -> None:
        super().__init__(f"The gateway answered HTTP {http_status}.")
        self.http_status = http_status
        self.raw_body = raw_body


class SignInFailed(hardening.GatewayException):
    """No access token could be had, so the request itself was never sent.

    `http_status` is None when the log-in found no gateway or no answer.
    """

    def __init__(self, message: str, *, http_status: int | None = None, raw_body: str = "") -> None:
        super().__init__(message)
        self.http_status = http_status
        self.raw_body = raw_body


@dataclass(frozen=True)
class _Session:
    token: str
    renew_at: float
    ends_at: float


class HardenedConnector(hardening.GpApiConnector):
    """The SDK's GP-API connector with its nine defects closed. Everything goes through `do_transaction`."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        allow_http: bool = False,
        ca_file: str = "",
        permissions: tuple[str, ...] = (),
        restricted: bool = False,
    ) -> None:
        if not (credentials.app_id and credentials.app_key):
            raise UnusableCredentials("The provider account has no app id or no app key.")
        super().__init__(
            hardening.GpApiConfig(
                app_id=credentials.app_id,
                app_key=credentials.app_key,
                country=credentials.country,
                seconds_to_expire=credentials.token_seconds,
                permissions=list(permissions) or None,
            )
        )
        # The SDK's default is the production address, whatever its environment setting says.
        self.service_url = checked_service_url(credentials.service_url, allow_http=allow_http)
        self.headers["Content-Type"] = "application/json"
        self._constant_headers = MappingProxyType(dict(self.headers))
        self._credentials = credentials
        self._restricted = restricted
        self._transport = Transport(ca_file=ca_file or certifi.where())
        self._session: _Session | None = None
        self._signing_in = threading.Lock()

    def __repr__(self) -> str:
        return f"<HardenedConnector {self.service_url}>"

    def do_transaction(
        self,
        verb: str,
        endpoint: str,
        data: str | None = None,
        query_string_params: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        *,
        send_before: float | None = None,
        read_timeout: float | None = None,
    ) -> ReplyText:
        """Send one authorised request; log in again once if the gateway says the token is dead.

        `data` is JSON text; `send_before` is a `time.monotonic()`; `read_timeout` in seconds, else the credentials'.

        Raises:
            RequestNotSent, SignInFailed: nothing was sent.
            NoAnswer: sent, the outcome is unknown.
            GatewayError: any answer that is not a success.
        """
        if send_before is not None and time.monotonic() > send_before:
            raise RequestNotSent("The time to send it had passed.")
        token = self._token(until=send_before)
        reply = self._send(verb, endpoint, data, query_string_params, token, idempotency_key, send_before, read_timeout)
        if reply.status_code == 401 and _error_name(reply.raw_response) == "NOT_AUTHENTICATED":
            token = self._token(dead=token, until=send_before)
            reply = self._send(
                verb, endpoint, data, query_string_params, token, idempotency_key, send_before, read_timeout
            )
        if reply.status_code not in SUCCESS:
            raise GatewayError(reply.status_code, reply.raw_response)
        return ReplyText(reply.raw_response, reply.status_code)

    def send_request(
        self,
        verb: str,
        endpoint: str,
        data: str | None = None,
        query_string_params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        send_before: float | None = None,
        read_timeout: float | None = None,
    ) -> Any:
        """The SDK's transport method: one exchange with constant headers plus those of this call.

        Raises:
            TransactionOpen: a database transaction is open (see `guard`).
            RequestNotSent, NoAnswer: see `do_transaction`.
        """
        guard.assert_no_transaction()
        query = f"?{urlencode(query_string_params)}" if query_string_params else ""
        try:
            reply = self._transport.exchange(
                verb=verb,
                url=f"{self.service_url}{endpoint}{query}",
                headers={**self._constant_headers, **(headers or {})},
                body=data.encode() if data is not None else None,
                connect_timeout=self._credentials.connect_timeout,
                read_timeout=read_timeout or self._credentials.read_timeout,
                send_before=send_before,
            )
        except NotSent as error:
            raise RequestNotSent(str(error), inner_exception=error) from error
        except AnswerLost as error:
            raise NoAnswer(str(error), inner_exception=error) from error
        response = hardening.GatewayResponse()
        response.status_code = reply.status
        response.raw_response = reply.body.decode("utf-8", errors="replace")
        return response

    def get_access_token(self, *, until: float | None = None) -> Any:
        """Log in with the SDK's nonce and secret. Sends neither an old token nor an idempotency key.

        `until` is the `time.monotonic()` after which the request that needs the token could not be sent any more.

        Raises:
            SignInFailed: no usable token came back.
        """
        request = hardening.GpApiSessionInfo.sign_in(
            self._credentials.app_id,
            self._credentials.app_key,
            self.gpApiConfig.seconds_to_expire,
            None,
            self.gpApiConfig.permissions,
        )
        body = json.loads(request.request_body)
        if self._restricted:
            body["restricted_token"] = "YES"  # noqa: S105  a flag
        patience = min(SIGN_IN_READ_TIMEOUT, self._credentials.read_timeout)
        try:
            reply = self.send_request(
                request.http_verb, SIGN_IN, json.dumps(body), send_before=until, read_timeout=patience
            )
        except (RequestNotSent, NoAnswer) as error:
            raise SignInFailed(f"No log-in at the gateway. {error}") from error
        if reply.status_code not in SUCCESS:
            raise SignInFailed(
                f"The gateway refused the log-in with HTTP {reply.status_code}.",
                http_status=reply.status_code,
                raw_body=reply.raw_response,
            )
        try:
            answer = hardening.GpApiTokenResponse(reply.raw_response)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise SignInFailed("The gateway's log-in answer made no sense.") from error
        if not isinstance(answer.token, str) or not answer.token.isascii() or not answer.token.isprintable():
            raise SignInFailed("The gateway's log-in answer holds no token.")
        return answer

    def sign_in(self, *, until: float | None = None) -> None:
        """Fetch a new token, forgetting the old one first: the SDK would hand its own dead token back for ever.

        Raises:
            SignInFailed: the old token, if any, is kept as it was.
        """
        started = time.monotonic()
        answer = self.get_access_token(until=until)
        life = float(_seconds(answer.seconds_to_expire, otherwise=self._credentials.token_seconds))
        self.gpApiConfig.access_token_info = None
        self.accessToken = answer.token
        self._session = _Session(answer.token, started + REFRESH_AT * life, started + life)

    def execute_process(self, builder: Any) -> NoReturn:
        """Raises: BuildersClosed, always. Bodies are built by `bodies` and sent by `do_transaction`."""
        raise hardening.BuildersClosed("Use our own request bodies; the SDK's builders drop cents and order data.")

    def process_pass_through(self, json_request: str | None) -> NoReturn:
        """Raises: BuildersClosed, always."""
        raise hardening.BuildersClosed("Use our own request bodies; the SDK's builders drop cents and order data.")

    def _send(
        self,
        verb: str,
        endpoint: str,
        data: str | None,
        query: Mapping[str, str] | None,
        token: str,
        idempotency_key: str | None,
        send_before: float | None,
        read_timeout: float | None,
    ) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        if idempotency_key:
            headers[self.IDEMPOTENCY_HEADER] = idempotency_key
        return self.send_request(
            verb, endpoint, data, query, headers=headers, send_before=send_before, read_timeout=read_timeout
        )

    def _token(self, *, dead: str = "", until: float | None) -> str:
        """A token that is not `dead`, renewed early; one thread logs in, the others wait for it."""
        if token := _usable(self._session, dead):
            return token
        with self._signing_in:
            session = self._session
            if token := _usable(session, dead):
                return token
            try:
                self.sign_in(until=until)
            except SignInFailed:
                if session is None or session.token == dead or time.monotonic() >= session.ends_at:
                    raise
                # Early renewal failed and the old token still lives: payments go on with it.
                self._session = replace(session, renew_at=time.monotonic() + REFRESH_RETRY)
            renewed = self._session
        if renewed is None:
            raise SignInFailed("The log-in left no token.")
        return renewed.token


def checked_service_url(service_url: str, *, allow_http: bool) -> str:
    """The address to speak to, without a trailing slash.

    Raises:
        UnusableCredentials: none is given, or money would travel in the clear.
    """
    parts = urlsplit(service_url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UnusableCredentials("The provider account has no service URL. Nothing is sent to a default address.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UnusableCredentials("The service URL may hold a scheme, a host, a port and a path, and nothing else.")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not allow_http:
        raise UnusableCredentials(f"The service URL of {parts.hostname} must begin with https://.")
    return service_url.rstrip("/")


def _usable(session: _Session | None, dead: str) -> str:
    """The session's token, or nothing if it is the dead one or due for renewal."""
    fresh = session is not None and session.token != dead and time.monotonic() < session.renew_at
    return session.token if session is not None and fresh else ""


def _seconds(value: object, *, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else otherwise


def _error_name(raw_body: str) -> str:
    try:
        body = json.loads(raw_body)
    except (ValueError, RecursionError):
        return ""
    return str(body.get("error_code", "")) if isinstance(body, dict) else ""
