"""3-D Secure 2: three requests, and where a lost answer is looked for."""

from collections.abc import Callable
from dataclasses import replace

from oropay.gateway.globalpayments import answers, authentication_bodies, bodies, reports
from oropay.gateway.globalpayments.calls import Call, Calls
from oropay.gateway.globalpayments.exceptions import UnusableRequest
from oropay.gateway.globalpayments.redaction import redact_text
from oropay.gateway.globalpayments.verdicts import Step
from oropay.gateway.port import (
    Answer,
    CheckRequest,
    GatewayUnavailable,
    InitiateRequest,
    Listing,
    ResultRequest,
    Verdict,
)

PATH = "/authentications"
LIST_PAGE = 100


class Authentications(Calls):
    """Implements `port.authentications.Authentications`."""

    def authentication_check(self, request: CheckRequest) -> Answer:
        return self._ask_bank(
            lambda: Call(
                step=Step.AUTHENTICATION,
                verb="POST",
                path=PATH,
                body=authentication_bodies.check(request, self.credentials),
                key=bodies.key(request.idempotency_key),
                send_before=request.send_before,
                read=answers.answer_of_authentication,
            )
        )

    def authentication_initiate(self, request: InitiateRequest) -> Answer:
        return self._ask_bank(
            lambda: Call(
                step=Step.AUTHENTICATION,
                verb="POST",
                path=f"{PATH}/{bodies.in_path(request.gateway_id)}/initiate",
                body=authentication_bodies.initiate(request),
                key=bodies.key(request.idempotency_key),
                send_before=request.send_before,
                read=answers.answer_of_authentication,
            )
        )

    def authentication_result(self, request: ResultRequest) -> Answer:
        return self._ask_bank(
            lambda: Call(
                step=Step.AUTHENTICATION,
                verb="GET",
                path=f"{PATH}/{bodies.in_path(request.gateway_id)}/result",
                send_before=request.send_before,
                read=answers.answer_of_authentication,
            ),
            named=request.gateway_id,
        )

    def authentication_look_up(self, *, gateway_id: str) -> Answer:
        return self._ask_bank(
            lambda: Call(
                step=Step.LOOK_UP,
                verb="GET",
                path=f"{PATH}/{bodies.in_path(gateway_id)}",
                read_timeout=self.look_up_timeout,
                read=answers.answer_of_authentication,
            ),
            named=gateway_id,
        )

    def authentications_by_reference(self, *, reference: str) -> Listing:
        found: list[Answer] = []
        try:
            for row in reports.rows(
                self.fetch(PATH, read_timeout=self.look_up_timeout),
                query={"reference": bodies.own_reference(reference)},
                plural="authentications",
                page_size=LIST_PAGE,
            ):
                found += [answers.authentication_of_body(row)] if row.get("reference") == reference else []
        except (GatewayUnavailable, reports.Unreadable):
            return Listing(complete=False, found=tuple(found))
        return Listing(complete=all(answer.gateway_id for answer in found), found=tuple(found))

    def _ask_bank(self, build: Callable[[], Call], *, named: str = "") -> Answer:
        """Build a request, send it, read its answer; one about another authentication than named proves nothing."""
        try:
            call = build()
        except UnusableRequest as error:
            return Answer(verdict=Verdict.FAILED, error_text=redact_text(str(error)))
        answer = self.ask(call)
        if named and answer.gateway_id and answer.gateway_id != named:
            text = f"Asked for {named}, the gateway answered with {answer.gateway_id}."
            return replace(answer, verdict=Verdict.UNKNOWN, error_text=text, authentication=None)
        return answer
