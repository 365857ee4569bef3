"""Bank accounts in the back-office: banks' notices of change, mandates by phone and on paper, account checks."""

import html

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import ChangeNotice, ChangeOutcome, Instrument, InstrumentState, Mandate, MandateKind, Payment
from tests.backoffice.conftest import Opened, address, dialog, member, page
from tests.invoices.house import House, payable_of

RIGHT = "97531246800"


@pytest.fixture
def client(clerk: User, opened: Opened) -> Client:
    return opened(clerk)


@pytest.fixture
def payment(house: House) -> Payment:
    """A bank debit of 100.00 from an account that was saved."""
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"], bank=True)
    Instrument.objects.filter(payments=payment).update(fingerprint="the-account", state=InstrumentState.ACTIVE)
    return Payment.objects.get(pk=payment.pk)


@pytest.fixture
def account(payment: Payment) -> Instrument:
    return Instrument.objects.get(payments=payment)


def sheet(name: str = "signed.pdf", content: bytes = b"%PDF-1.4 signed") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


def notice(**fields: str) -> dict[str, str]:
    return {"code": "C01", "noticed_on": "2026-01-12", "note": "by letter", **fields}


def test_a_clerk_records_a_notice_from_the_page_of_a_payment(
    client: Client, payment: Payment, account: Instrument, clerk: User
) -> None:
    both = {"account_number": RIGHT, "account_number_again": f"{RIGHT[:4]} {RIGHT[4:]}"}

    answer = dialog(client, payment, "record_notice", **notice(**both))

    assert answer.status_code == 302
    told = ChangeNotice.objects.get()
    assert (told.instrument, told.payment, told.applied_by) == (account, payment, clerk)
    account.refresh_from_db()
    assert account.last4 == RIGHT[-4:]
    content = client.get(page(told)).content.decode()
    assert "The account number is wrong or has changed." in content
    assert f"→ ···· {RIGHT[-4:]}" in content
    assert RIGHT not in content


def test_a_number_that_was_refused_is_not_shown_again(client: Client, account: Instrument) -> None:
    before = account.last4

    content = dialog(
        client, account, "record_notice", **notice(account_number=RIGHT, account_number_again="1")
    ).content.decode()

    assert "The two account numbers differ. Nothing was changed." in content
    assert RIGHT not in content
    account.refresh_from_db()
    assert (account.last4, ChangeNotice.objects.count()) == (before, 0)


def test_an_account_whose_right_details_nobody_knows_is_marked(client: Client, account: Instrument) -> None:
    dialog(client, account, "record_notice", **notice(value_unknown="on"))

    account.refresh_from_db()
    assert account.state == InstrumentState.DEAD
    listed = client.get(reverse("admin:oropay_changenotice_changelist")).content.decode()
    assert "Must be entered again" in listed


def test_a_correction_of_one_detail_does_not_promise_a_debit_while_another_is_wrong(
    client: Client, payment: Payment, account: Instrument
) -> None:
    dialog(client, account, "record_notice", **notice(value_unknown="on"))

    dialog(client, account, "record_notice", **notice(code="C04", noticed_on="2026-01-14", holder_name="Acme Ltd"))

    told = client.get(page(account)).content.decode()
    assert "something else of it wrong and not said what is right" in html.unescape(told)
    assert "The next debit goes out right" not in told


def test_the_page_of_an_account_says_why_its_number_is_kept(client: Client, account: Instrument) -> None:
    assert "Sealed while the account is saved." in client.get(page(account)).content.decode()

    Instrument.objects.filter(pk=account.pk).update(state=InstrumentState.DELETED, sealed=None, key_id="")

    assert "Forgotten: nothing needs it any more." in client.get(page(account)).content.decode()


def test_the_page_of_a_payment_says_that_the_bank_called_its_account_wrong(client: Client, house: House) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"], bank=True)

    house.says(payment, Verdict.MISDIRECTED)

    content = client.get(page(payment)).content.decode()
    assert "its bank calls details of the account wrong and nobody has put them right" in content
    assert "frozen after a return" not in content


def test_a_file_is_applied_from_the_list(client: Client, account: Instrument) -> None:
    text = f"date,code,instrument,routing_number\n2026-01-12,C02,{account.pk},021000021\n"

    answer = client.post(
        reverse("admin:oropay_changenotice_upload"),
        {"_form_submitted": "True", "document": SimpleUploadedFile("nocs.csv", text.encode(), "text/csv")},
    )

    assert answer.headers["Location"] == reverse("admin:oropay_changenotice_changelist")
    told = ChangeNotice.objects.get()
    assert (told.outcome, told.file_name) == (ChangeOutcome.CORRECTED, "nocs.csv")


def test_a_file_with_bad_lines_names_each_and_changes_nothing(client: Client, account: Instrument) -> None:
    text = f"date,code,instrument,account_number\n2026-01-12,C01,{account.pk},{RIGHT}\nsoon,C01,{account.pk},1\n"

    content = client.post(
        reverse("admin:oropay_changenotice_upload"),
        {"_form_submitted": "True", "document": SimpleUploadedFile("nocs.csv", text.encode(), "text/csv")},
    ).content.decode()

    assert "Nothing was changed. One line of the file is not right." in content
    assert "Line 3: The date is written like 2026-11-23." in content
    assert RIGHT not in content
    assert not ChangeNotice.objects.exists()


def test_only_who_may_applies_notices(house: House, account: Instrument, opened: Opened, stranger: User) -> None:
    sales, theirs = opened(member(house, "Sales clerk")), opened(stranger)

    assert dialog(sales, account, "record_notice", **notice(value_unknown="on")).status_code == 403
    assert sales.post(reverse("admin:oropay_changenotice_upload"), {"_form_submitted": "True"}).status_code == 403
    assert dialog(theirs, account, "record_notice", **notice(value_unknown="on")).status_code == 404
    assert not ChangeNotice.objects.exists()


@pytest.mark.parametrize(("channel", "code"), [("phone", "TEL"), ("paper", "PPD")])
def test_a_clerk_writes_down_a_mandate_with_its_proof(
    client: Client, account: Instrument, clerk: User, channel: str, code: str
) -> None:
    Instrument.objects.filter(pk=account.pk).update(holder_type="PERSONAL")

    dialog(
        client,
        account,
        "record_mandate",
        channel=channel,
        kind="standing",
        text="You may debit what I order.",
        limit="500.00",
        document=sheet(),
        note="called on Monday",
    )

    mandate = Mandate.objects.get(kind=MandateKind.STANDING)
    assert (mandate.sec_code, mandate.limit, mandate.given_by) == (code, 500, clerk)
    assert (mandate.note, mandate.channel) == ("called on Monday", channel)
    content = client.get(page(account)).content.decode()
    assert "Standing, up to $500.00 a debit" in content
    proof = client.get(reverse("admin:oropay_instrument_proof", args=[account.pk, mandate.pk]))
    assert (proof.content, proof.headers["X-Content-Type-Options"]) == (b"%PDF-1.4 signed", "nosniff")


def test_a_mandate_without_proof_is_not_written_down(client: Client, account: Instrument) -> None:
    before = Mandate.objects.count()

    dialog(client, account, "record_mandate", channel="paper", kind="standing", text="Yes.", limit="", note="signed")

    assert Mandate.objects.count() == before


def test_a_clerk_revokes_a_mandate_and_says_why(client: Client, account: Instrument, clerk: User) -> None:
    dialog(
        client,
        account,
        "record_mandate",
        channel="paper",
        kind="standing",
        text="Yes.",
        document=sheet(),
        note="signed",
    )
    mandate = Mandate.objects.get(kind=MandateKind.STANDING)

    dialog(client, account, "revoke_mandate", mandate=str(mandate.pk), note="by e-mail")

    mandate.refresh_from_db()
    assert (mandate.revoked_by, mandate.revoked_because) == (clerk, "by e-mail")
    assert "by e-mail" in client.get(page(account)).content.decode()


def test_who_may_not_write_mandates_down_or_revoke_them(house: House, account: Instrument, opened: Opened) -> None:
    sales = opened(member(house, "Sales clerk"))

    assert sales.get(address(account, "record_mandate")).status_code == 403
    assert sales.get(address(account, "revoke_mandate")).status_code == 403


def test_the_page_of_a_payment_shows_its_mandate_whole(client: Client, payment: Payment) -> None:
    mandate = payment.mandate
    assert mandate is not None

    content = client.get(page(payment)).content.decode()

    assert mandate.text_hash in content
    assert mandate.text in content
    assert mandate.get_sec_code_display() in content


def test_the_pages_say_how_far_the_account_was_checked(client: Client, payment: Payment, account: Instrument) -> None:
    for row in (payment, account):
        content = client.get(page(row)).content.decode()
        assert "Routing number and form of the account number are right." in content
        assert "Form checked" in content
