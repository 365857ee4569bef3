"""Seeding: first everybody and everything, whole or not at all; then their history; then a note that it is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.transaction import atomic

from commerce.models import Organization, User, Website
from config.demo.catalog import catalog_make
from config.demo.exceptions import DemoRefused
from config.demo.gateway import GatewayKeys, gateway_keys, gateway_moved, integrations_make
from config.demo.history import history_happen, world_of
from config.demo.people import (
    SELLER,
    STAFF,
    companies_make,
    letters_begin,
    people_make,
    seller_open,
)
from plumbing.audit import because
from plumbing.selectors import notes_on
from plumbing.services import note_add

DONE = "Demo data: complete."
"""The note that ends seeding. What people change or delete afterwards stays as they left it."""


def demo_seed(*, now: datetime) -> bool:
    """Make the demo company unless it is there already; True if anything was made.

    Raises:
        DemoRefused: production settings, no sandbox credentials, or another seller has our hosts. Nothing changed.
    """
    if settings.PRODUCTION:
        raise DemoRefused("These are production settings; demo people with a known password do not belong here.")
    organization = Organization.objects.filter(code=SELLER).first()
    keys = gateway_keys()
    with because(by=None, why="demo data"):
        if organization is None:
            organization = _company_make(keys=keys, now=now)
        elif _is_done(organization):
            return gateway_moved(organization=organization, keys=keys)
        with _hasty_commits():
            history_happen(world=world_of(organization=organization, now=now))
        with atomic():
            letters_begin(organization=organization)
            note_add(on=organization, text=DONE, by=None, now=now)
    return True


@atomic
def _company_make(*, keys: GatewayKeys, now: datetime) -> Organization:
    taken = Website.objects.filter(domain__in=["localhost", "north.localhost"]).select_related("organization").first()
    if taken is not None:
        raise DemoRefused(f"{taken.domain} is the website of {taken.organization.name}; use an empty database.")
    organization, websites, contract = seller_open()
    companies = companies_make(organization=organization, contract=contract)
    people_make(organization=organization, companies=companies)
    catalog_make(organization=organization, websites=websites, contract=contract, now=now)
    integrations_make(organization=organization, owner=User.objects.get(email=STAFF[0].email), keys=keys)
    return organization


@contextmanager
def _hasty_commits() -> Iterator[None]:
    """Let the server answer before it has written: hundreds of small commits, and what is lost is made again."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
        yield
        cursor.execute("RESET synchronous_commit")


def _is_done(organization: Organization) -> bool:
    return notes_on(organization).filter(text=DONE, by=None).exists()
