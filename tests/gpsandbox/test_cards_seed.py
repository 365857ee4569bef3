"""The month of payments and stored cards that the third-party suite expects."""

from tests.gpsandbox.client import OTHER_APP_ID, OTHER_APP_KEY, Client
from tests.gpsandbox.conftest import Running, Start

TRANSACTION, TOKEN = "TRN_name_of_the_suite", "PMT_11111111-2222-4333-8444-555555555555"
CONFORMANCE = {"GPSANDBOX_CONFORMANCE": "1", "GPSANDBOX_SEED_IDS": f"{TRANSACTION},{TOKEN}"}


def other(running: Running) -> Client:
    return Client(running.port, app_id=OTHER_APP_ID, app_key=OTHER_APP_KEY).with_token()


def test_each_app_finds_its_own_month_of_payments_and_cards(start: Start) -> None:
    running = start(**CONFORMANCE)

    for gateway, settled in ((running.client.with_token(), 10), (other(running), 0)):
        payments = gateway.call("GET", "/transactions?page_size=100").json
        cards = gateway.call("GET", "/payment-methods?page_size=100").json
        wallets = gateway.call("GET", "/transactions?payment_method=DIGITAL_WALLET").json
        assert payments["total_record_count"] == 13 + settled
        assert cards["total_record_count"] == 13
        assert wallets["total_record_count"] == 4


def test_names_of_the_suite_mean_a_resource_of_each_app(start: Start) -> None:
    running = start(**CONFORMANCE)

    for gateway in (running.client.with_token(), other(running)):
        assert gateway.call("GET", f"/transactions/{TRANSACTION}").json["id"] == TRANSACTION
        assert gateway.call("GET", f"/payment-methods/{TOKEN}").json["id"] == TOKEN
        assert gateway.call("GET", f"/payment-methods/{TOKEN[:-1]}6").status == 404


def test_restart_writes_nothing_twice(start: Start) -> None:
    running = start(**CONFORMANCE, GPSANDBOX_PROCESSES="2")
    running.stop()

    again = start(**CONFORMANCE, GPSANDBOX_DB=str(running.database))

    assert again.client.with_token().call("GET", "/transactions").json["total_record_count"] == 13 + 10


def test_sandbox_outside_conformance_starts_empty(start: Start) -> None:
    gateway = start(GPSANDBOX_SEED_IDS=TRANSACTION).client.with_token()

    assert gateway.call("GET", "/transactions").json["total_record_count"] == 0
    assert gateway.call("GET", f"/transactions/{TRANSACTION}").status == 404
