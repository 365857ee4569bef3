"""Lock-outs in the back-office: who is locked out, why, and lifting it with a note."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from commerce.models import User
from oropay.models import Lockout, Subject
from tests.backoffice.conftest import Opened, dialog, page
from tests.invoices.house import House


@pytest.fixture
def lockout(house: House) -> Lockout:
    now = timezone.now()
    return Lockout.objects.create(
        organization=house.seller,
        subject=Subject.ADDRESS,
        value_hash="a" * 64,
        hint="192.0.2.…",
        reason="Different cards: more than 8 in 30 minutes",
        raised_at=now,
        until=now + timedelta(hours=1),
    )


def test_the_list_says_who_and_why_but_not_the_value(lockout: Lockout, administrator: User, opened: Opened) -> None:
    content = opened(administrator).get(reverse("admin:oropay_lockout_changelist"), {"locked": "yes"}).content.decode()

    assert "192.0.2.…" in content
    assert "Different cards: more than 8 in 30 minutes" in content
    assert lockout.value_hash not in content


def test_an_administrator_lifts_it_with_a_note(lockout: Lockout, administrator: User, opened: Opened) -> None:
    client = opened(administrator)

    dialog(client, lockout, "lift", note="our own office")

    lockout.refresh_from_db()
    assert (lockout.lifted_by, lockout.note) == (administrator, "our own office")
    content = client.get(page(lockout)).content.decode()
    assert "our own office" in content
    assert 'data-state=""' in content


def test_a_clerk_sees_it_and_may_not_lift_it(lockout: Lockout, clerk: User, opened: Opened) -> None:
    client = opened(clerk)

    response = dialog(client, lockout, "lift", note="please")

    assert client.get(page(lockout)).status_code == 200
    assert response.status_code == 403
    assert Lockout.objects.get().lifted_at is None


def test_another_seller_does_not_see_it(lockout: Lockout, stranger: User, opened: Opened) -> None:
    assert opened(stranger).get(page(lockout)).status_code in {302, 404}
