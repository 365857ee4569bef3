"""What staff read of who was asked: the facts of a payment and its line of time."""

from collections.abc import Callable

import pytest

from backoffice.authentications import authentication_facts
from backoffice.timeline import timeline
from commerce.models import User
from oropay.models import Integration, Payment, PaymentTransaction, ThreeDS, ThreeDSExemption
from oropay.selectors import payment_for_staff
from tests.contract.conftest import sandbox  # noqa: F401  (a fixture)
from tests.contract.sandbox import Sandbox
from tests.factories import StaffFactory
from tests.oropay.conftest import account, buyer, integration, order, payable, run, start  # noqa: F401  (fixtures)
from tests.oropay.threeds import CHALLENGE, answer, fresh, returned, setting, told

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


def read(payment: Payment) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The facts by their label, and the steps of the line of time with what is said beside them, oldest first."""
    staff: User = StaffFactory.create(organization=payment.organization, is_superuser=True)
    shown = payment_for_staff(user=staff, pk=payment.pk)
    assert shown is not None
    facts = {str(label): str(value) for label, value in authentication_facts(shown)}
    steps = [(str(event.title), str(event.detail)) for event in timeline(shown, payloads=False)]
    return facts, [(title.replace(" $100.00", ""), detail) for title, detail in steps if "→" in title]


@pytest.fixture
def confirmed(
    start: Start,  # noqa: F811
    run: Run,  # noqa: F811
    integration: Integration,  # noqa: F811
    sandbox: Sandbox,  # noqa: F811
) -> Payment:
    """A payment whose buyer was questioned and confirmed."""
    setting(integration, threeds=ThreeDS.ALWAYS, threeds_challenge=True)
    payment = start(card=CHALLENGE)
    run(payment)
    told(payment)
    run(payment)
    answer(fresh(payment), sandbox, "confirm")
    returned(payment)
    run(payment)
    run(payment)
    return payment


def test_staff_read_who_was_asked_what_was_proven_and_whose_loss_fraud_would_be(confirmed: Payment) -> None:
    facts, _steps = read(confirmed)

    asked = fresh(confirmed).authentication
    assert facts["3-D Secure"] == "Authenticated · the buyer was asked"
    assert "Yes: the bank" in facts["Liability shift"]
    assert facts["Challenge wished for"] == "The integration always wants it"
    assert facts["ECI"] == "05 · version 2.2.0"
    assert (facts["Authentication"], facts["Card scheme's name for it"]) == (asked.gateway_id, asked.ds_trans_ref)
    assert "Exemption" not in facts


def test_the_line_of_time_shows_every_question_and_what_it_proved_once(confirmed: Payment) -> None:
    """The database's clock stands still in a test, so that the steps come transaction by transaction."""
    _facts, steps = read(confirmed)

    assert [title for title, _detail in steps] == [
        "3-D Secure: check → Queued",
        "3-D Secure: check → Sending",
        "3-D Secure: check → Action required",
        "3-D Secure: check → Approved",
        "3-D Secure: start → Queued",
        "3-D Secure: start → Sending",
        "3-D Secure: start → Action required",
        "3-D Secure: start → Approved",
        "3-D Secure: result → Queued",
        "3-D Secure: result → Sending",
        "3-D Secure: result → Approved",
        "Charge → Queued",
        "Charge → Sending",
        "Charge → Approved",
    ]
    said = [(title, detail) for title, detail in steps if detail]
    assert said == [("3-D Secure: result → Approved", "Authenticated · ECI 05 · liability shift")]


def test_staff_read_of_a_claimed_exemption_and_of_a_bank_that_wanted_more(
    start: Start,  # noqa: F811
    run: Run,  # noqa: F811
    integration: Integration,  # noqa: F811
) -> None:
    setting(integration, threeds_exemption=ThreeDSExemption.LOW_VALUE)
    payment = start(card="4242420000000091")
    run(payment)

    facts, steps = read(payment)

    assert (facts["3-D Secure"], facts["Exemption"]) == ("Exemption claimed", "Low value")
    assert "No: ours" in facts["Liability shift"]
    title, detail = steps[-1]
    assert title == "Charge → Declined"
    assert detail.endswith("(111) · The bank wants 3-D Secure for it.")
