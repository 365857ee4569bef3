"""Charges, holds and what follows them: one request each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from oropay.gateway.globalpayments import answers, bodies, reports
from oropay.gateway.globalpayments.calls import Call, Calls
from oropay.gateway.globalpayments.connector import GatewayError, NoAnswer, RequestNotSent, SignInFailed
from oropay.gateway.globalpayments.exceptions import UnusableRequest
from oropay.gateway.globalpayments.redaction import redact_text
from oropay.gateway.globalpayments.verdicts import Method, Step
from oropay.gateway.port import (
    Answer,
    BankAccount,
    Capture,
    CardToken,
    FollowUpRequest,
    GatewayUnavailable,
    Listing,
    SaleRequest,
    ValidationRequest,
    Verdict,
)

TRANSACTIONS = "/transactions"
VERIFICATIONS = "/verifications"
EXPIRY_READ_TIMEOUT = 2.0
"""Seconds. The card's expiry is a courtesy on the way back from a payment that is already answered."""
LIST_PAGE = 100


class Payments(Calls):
    """Implements `port.payments.Payments`."""

    def charge(self, request: SaleRequest) -> Answer:
        return self._pay(lambda: self._sale(request, held=False))

    def authorize(self, request: SaleRequest) -> Answer:
        return self._pay(lambda: self._sale(request, held=True))

    def credit(self, request: SaleRequest) -> Answer:
        return self._pay(lambda: self._sale(request, held=False, kind="REFUND"))

    def validate(self, request: ValidationRequest) -> Answer:
        return self._pay(
            lambda: Call(
                step=Step.VALIDATION,
                verb="POST",
                path=VERIFICATIONS,
                body=bodies.validation(request, self.credentials),
                method=Method.CARD,
                key=bodies.key(request.idempotency_key),
                send_before=request.send_before,
                keeping=request.source.token if request.source.keep else "",
            )
        )

    def capture(self, request: FollowUpRequest) -> Answer:
        return self._pay(
            lambda: _follow_up(request, Step.CAPTURE, "capture", bodies.capture(request), method=Method.CARD)
        )

    def reauthorize(self, request: FollowUpRequest) -> Answer:
        body = bodies.reauthorization
        return self._pay(lambda: _follow_up(request, Step.SALE, "reauthorization", body(request), method=Method.CARD))

    def cancel(self, request: FollowUpRequest) -> Answer:
        return self._pay(lambda: _follow_up(request, Step.REVERSAL, "reversal", bodies.reversal(request)))

    def release(self, request: FollowUpRequest) -> Answer:
        return self._pay(lambda: _follow_up(request, Step.RELEASE, "release", bodies.release(), method=Method.CARD))

    def refund(self, request: FollowUpRequest) -> Answer:
        method = Method.ACH if request.by_bank else Method.CARD
        return self._pay(lambda: _follow_up(request, Step.REFUND, "refund", bodies.refund(request), method=method))

    def look_up(self, *, gateway_id: str) -> Answer:
        call = Call(
            step=Step.LOOK_UP,
            verb="GET",
            path=f"{TRANSACTIONS}/{bodies.in_path(gateway_id)}",
            read_timeout=self.look_up_timeout,
        )
        answer = self.ask(call)
        if answer.gateway_id and answer.gateway_id != gateway_id:
            text = f"Asked for {gateway_id}, the gateway answered with {answer.gateway_id}."
            # Nothing it says is about what was asked for: it must pass for silence.
            return replace(answer, verdict=Verdict.UNKNOWN, gateway_id="", status="", error_text=text)
        return answer

    def transactions(self, *, since: date, until: date) -> Iterator[Answer]:
        query = {
            "account_name": self.credentials.transaction_account,
            "from_time_created": since.isoformat(),
            "to_time_created": until.isoformat(),
        }
        try:
            for row in reports.rows(self.fetch(TRANSACTIONS), query=query, plural="transactions"):
                answer = answers.answer_of_body(row, step=Step.LOOK_UP)
                if not answer.gateway_id:
                    raise reports.Unreadable("A transaction on the list has no id.")
                yield answer
        except reports.Unreadable as error:
            raise GatewayUnavailable(f"{TRANSACTIONS} made no sense; no money is involved. {error}") from error

    def find_by_reference(self, *, reference: str) -> Listing:
        found: list[Answer] = []
        try:
            for row in reports.rows(
                self.fetch(TRANSACTIONS, read_timeout=self.look_up_timeout),
                query={"reference": bodies.own_reference(reference)},
                plural="transactions",
                page_size=LIST_PAGE,
            ):
                found += [answers.answer_of_body(row, step=Step.LOOK_UP)] if row.get("reference") == reference else []
        except (GatewayUnavailable, reports.Unreadable):
            return Listing(complete=False, found=tuple(found))
        return Listing(complete=all(answer.gateway_id for answer in found), found=tuple(found))

    def _sale(self, request: SaleRequest, *, held: bool, kind: str = "SALE") -> Call:
        if held is (request.capture is Capture.NOW):
            raise UnusableRequest(
                "A charge takes the money now, an authorization later; the request says the opposite."
            )
        source = request.source
        bank = isinstance(source, BankAccount)
        return Call(
            step=Step.SALE,
            verb="POST",
            path=TRANSACTIONS,
            body=bodies.sale(request, self.credentials, kind=kind),
            method=Method.ACH if bank else Method.CARD,
            key=bodies.key(request.idempotency_key),
            send_before=request.send_before,
            secrets=(source.account_number,) if isinstance(source, BankAccount) else (),
            keeping=source.token if isinstance(source, CardToken) and source.keep else "",
        )

    def _pay(self, build: Callable[[], Call]) -> Answer:
        """Build a money request, send it, read its answer. A request that cannot be built certainly moved nothing."""
        try:
            call = build()
        except UnusableRequest as error:
            return Answer(verdict=Verdict.FAILED, error_text=redact_text(str(error)))
        return self._with_expiry(self.ask(call))

    def _with_expiry(self, answer: Answer) -> Answer:
        """The expiry of a card that was just kept, which a payment's answer does not carry."""
        if not answer.kept_token or answer.expiry_year is not None:
            return answer
        path = f"/payment-methods/{bodies.in_path(answer.kept_token)}"
        try:
            text = self.connector.do_transaction("GET", path, read_timeout=EXPIRY_READ_TIMEOUT)
        except (RequestNotSent, NoAnswer, SignInFailed, GatewayError):
            # The payment stands and the card is kept; only its expiry stays unknown.
            return answer
        card = (answers.read_json(text) or {}).get("card")
        return replace(answer, expiry_month=answers.expiry_month(card), expiry_year=answers.expiry_year(card))


def _follow_up(
    request: FollowUpRequest, step: Step, act: str, body: Mapping[str, Any], *, method: Method = Method.UNSEEN
) -> Call:
    return Call(
        step=step,
        verb="POST",
        path=f"{TRANSACTIONS}/{bodies.in_path(request.gateway_id)}/{act}",
        body=body,
        method=method,
        key=bodies.key(request.idempotency_key),
        send_before=request.send_before,
    )
