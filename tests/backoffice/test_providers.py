"""What a provider account may do: said in a dialog, with a note, kept in its history."""

from commerce.models import User
from oropay.models import ProviderAccount
from tests.backoffice.conftest import Opened, address, dialog, page
from tests.invoices.house import House

SWITCHES = ("multi_capture", "renews_live_holds", "bank_credits")


def stands() -> list[bool]:
    account = ProviderAccount.objects.get()
    return [getattr(account, name) for name in SWITCHES]


def test_an_administrator_says_what_the_gateway_allows_and_why(
    house: House, administrator: User, opened: Opened
) -> None:
    client, account = opened(administrator), ProviderAccount.objects.get()
    shown = client.get(address(account, "switches")).content.decode()

    response = dialog(client, account, "switches", multi_capture="on", bank_credits="on", note="letter of 3 November")

    assert "Off: one capture, which" in shown
    assert "so that it is renewed shortly before it expires" in shown
    assert "pays standalone credits into bank accounts" in shown
    assert response.status_code == 302
    assert stands() == [True, False, True]
    event = account.history.select_related("pgh_context").latest("pgh_id")  # type: ignore[attr-defined]
    assert event.pgh_context.metadata["why"] == "letter of 3 November"
    content = " ".join(client.get(page(account)).content.decode().split())
    assert "Renews live holds" in content


def test_without_a_note_nothing_is_switched(house: House, administrator: User, opened: Opened) -> None:
    account = ProviderAccount.objects.get()

    response = dialog(opened(administrator), account, "switches", multi_capture="on", note=" ")

    assert response.status_code == 200
    assert stands() == [False, False, False]


def test_a_clerk_and_another_seller_switch_nothing(house: House, clerk: User, stranger: User, opened: Opened) -> None:
    account = ProviderAccount.objects.get()

    told = [
        dialog(opened(one), account, "switches", multi_capture="on", note="x").status_code for one in (clerk, stranger)
    ]

    assert told == [403, 404]
    assert stands() == [False, False, False]
