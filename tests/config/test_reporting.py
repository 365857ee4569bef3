import logging

from django.test import RequestFactory

from config.reporting import NothingPersonal, OneLine


def test_a_message_from_outside_cannot_forge_a_second_line():
    record = logging.LogRecord("web", logging.INFO, "", 0, "name=%s", ("x\r\n2026 INFO paid",), None)

    assert OneLine("%(levelname)s %(message)s").format(record) == "INFO name=x ⏎ 2026 INFO paid"


def test_an_error_report_carries_no_form_field():
    request = RequestFactory().post("/pay", {"account_number": "000123456789", "amount": "12.00"})

    shown = NothingPersonal().get_post_parameters(request)

    assert shown == {"account_number": "********************", "amount": "********************"}


def test_an_error_report_hides_every_address_with_a_password():
    shown = NothingPersonal().get_safe_settings()

    for name in ("REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "OROPAY_VAULT_PRIVATE_KEYS", "OROPAY_SECRETBOX_KEYS"):
        assert shown[name] == "********************"
    assert shown["DATABASES"]["default"]["PASSWORD"] == "********************"
    assert shown["CACHES"]["default"]["LOCATION"] == "********************"
