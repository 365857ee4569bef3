from collections.abc import Callable

import pytest
from django.db import transaction as database

from oropay.gateway.globalpayments.adapter import GlobalPaymentsGateway
from oropay.gateway.guard import TransactionOpen
from oropay.gateway.port import Verdict
from tests.contract.samples import GatewayAt, follow_up, sale
from tests.contract.wire import Serve, reply, transaction


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "call",
    [
        lambda gateway: gateway.charge(sale()),
        lambda gateway: gateway.refund(follow_up("TRN_1", "5.00", reference="refund-0001")),
        lambda gateway: gateway.look_up(gateway_id="TRN_1"),
        lambda gateway: gateway.find_by_reference(reference="payment-0001"),
        lambda gateway: gateway.mint_hosted_token(),
    ],
    ids=["charge", "refund", "look_up", "find_by_reference", "mint_hosted_token"],
)
def test_the_gateway_is_never_called_inside_a_database_transaction(
    serve: Serve, gateway_at: GatewayAt, call: Callable[[GlobalPaymentsGateway], object]
) -> None:
    server = serve(reply(200, transaction()))
    gateway = gateway_at(server.url)

    with database.atomic(), pytest.raises(TransactionOpen):
        call(gateway)

    assert server.received == []


@pytest.mark.django_db
def test_the_block_of_a_test_case_itself_does_not_count(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))

    assert gateway_at(server.url).charge(sale()).verdict is Verdict.APPROVED
