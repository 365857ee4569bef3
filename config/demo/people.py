"""Who is there: the seller with two websites, the companies that buy, and everybody who can log in."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import make_password

from backoffice.groups import groups_ensure
from commerce.models import (
    Address,
    Customer,
    CustomerGroup,
    CustomerRole,
    Organization,
    PaymentTerm,
    TermKind,
    User,
    Website,
)
from commerce.services import (
    customer_create,
    organization_open,
    role_create,
    seat_give,
    user_create,
    website_open,
)

SELLER = "fenn"
"""Code of the demo company; it exists exactly if demo data was ever begun."""

PASSWORD = "demo-pass-2026"  # noqa: S105
"""Everybody's, printed at every start: demo data protects nothing and never reaches production."""

MONTH_END = "End of month + 10"
NO_RIGHTS = "Catalog only"


@dataclass(frozen=True)
class Login:
    """One person of the demo company; `seats` are pairs of a company's key and a role."""

    email: str
    first_name: str
    last_name: str
    is_what: str
    group: str = ""
    """Staff: the group that says what they may; empty for the superuser."""
    seats: tuple[tuple[str, str], ...] = ()


STAFF = (
    Login("admin@fennmark.example", "Ada", "Fenn", "everything"),
    Login("finance@fennmark.example", "Felix", "Marsh", "finance clerk", group="Finance clerk"),
    Login("sales@fennmark.example", "Sol", "Reyes", "sales clerk, sees and drafts", group="Sales clerk"),
)

BUYERS = (
    Login("anna@calder.example", "Anna", "Calder", "whole group", seats=(("calder", "Administrator"),)),
    Login("paul@calder.example", "Paul", "Osei", "pays for the whole group", seats=(("calder", "Accounts payable"),)),
    Login("bea@calder.example", "Bea", "Lindqvist", "buys, pays for Calder only", seats=(("calder", "Buyer"),)),
    Login("rick@calder.example", "Rick", "Tanaka", "own orders and invoices", seats=(("calder", "Requester"),)),
    Login("mia@calder-marine.example", "Mia", "Duarte", "the subsidiary", seats=(("marine", "Subsidiary manager"),)),
    Login("omar@oakhollow.example", "Omar", "Haddad", "whole company", seats=(("oakhollow", "Administrator"),)),
    Login("vera@oakhollow.example", "Vera", "Novak", "looks, pays nothing", seats=(("oakhollow", "Viewer"),)),
    Login("lena@oakhollow.example", "Lena", "Brandt", "catalog only", seats=(("oakhollow", NO_RIGHTS),)),
    Login("sam@brindle.example", "Sam", "Brindle", "no terms: pays at checkout", seats=(("brindle", "Administrator"),)),
    Login(
        "nora@ledgerworks.example",
        "Nora",
        "Ek",
        "bookkeeper of two companies",
        seats=(("oakhollow", "Accounts payable"), ("brindle", "Accounts payable")),
    ),
)


@dataclass(frozen=True)
class Company:
    name: str
    number: str
    email: str
    contact: str
    street: str
    city: str
    region: str
    postal_code: str
    term: str = ""
    parent: str = ""
    has_contract: bool = False
    dock: str = ""
    """A second address that goods are sent to."""


COMPANIES = {
    "calder": Company(
        "Calder Fabrication Inc.",
        "C-10010",
        "payables@calder.example",
        "Paul Osei",
        "410 Foundry Road",
        "Milwaukee",
        "WI",
        "53204",
        term="Net 30",
        has_contract=True,
        dock="Gate 3, 416 Foundry Road",
    ),
    "marine": Company(
        "Calder Marine LLC",
        "C-10011",
        "accounts@calder-marine.example",
        "Mia Duarte",
        "7 Slipway Lane",
        "Duluth",
        "MN",
        "55802",
        term="2% 10, net 30",
        parent="calder",
        has_contract=True,
    ),
    "oakhollow": Company(
        "Oakhollow Clinics",
        "C-10020",
        "invoices@oakhollow.example",
        "Omar Haddad",
        "1200 Orchard Avenue",
        "Madison",
        "WI",
        "53703",
        term=MONTH_END,
        dock="Loading dock B, 1210 Orchard Avenue",
    ),
    "brindle": Company(
        "Brindle & Daughters Builders",
        "C-10030",
        "office@brindle.example",
        "Sam Brindle",
        "58 Quarry Street",
        "Rochester",
        "MN",
        "55901",
    ),
}


def demo_logins() -> list[str]:
    """Lines for a person to go on: every log-in with what it may do, and the one password."""
    everybody = (*STAFF, *BUYERS)
    width = max(len(person.email) for person in everybody)
    return [
        f"Log in with the password  {PASSWORD}",
        "Back-office:",
        *(f"  {person.email:<{width}}  {person.is_what}" for person in STAFF),
        "Storefront:",
        *(
            f"  {person.email:<{width}}  {' and '.join(COMPANIES[key].name for key, _role in person.seats)}: "
            f"{person.is_what}"
            for person in BUYERS
        ),
    ]


def seller_open() -> tuple[Organization, list[Website], CustomerGroup]:
    """The selling organization, its two shop fronts, and the group of customers with a contract."""
    organization = organization_open(
        code=SELLER,
        name="Fennmark Supply",
        legal_name="Fennmark Supply Company",
        time_zone="America/Chicago",
        line_1="2200 Harbor Works Drive",
        city="Duluth",
        region="MN",
        postal_code="55806",
        country="US",
        email="hello@fennmark.example",
        phone="+1 218 555 0140",
        tax_id="00-1234567",
    )
    PaymentTerm.objects.create(organization=organization, name=MONTH_END, kind=TermKind.END_OF_MONTH, days=10)
    websites = [
        website_open(
            organization=organization,
            code="fenn",
            name="Fennmark Supply",
            domain="localhost",
            is_default=True,
            tax_rate=Decimal("0.055"),
            shipping_flat_rate=Decimal("18.50"),
        ),
        website_open(
            organization=organization,
            code="fenn-north",
            name="Fennmark North",
            domain="north.localhost",
            tax_rate=Decimal("0.06875"),
            shipping_flat_rate=Decimal("24.00"),
        ),
    ]
    contract = CustomerGroup.objects.create(organization=organization, name="Contract customers")
    return organization, websites, contract


def companies_make(*, organization: Organization, contract: CustomerGroup) -> dict[str, Customer]:
    """The companies with their addresses; parents first. Their mail addresses come last, see `letters_begin`."""
    terms = {term.name: term for term in PaymentTerm.objects.filter(organization=organization)}
    made: dict[str, Customer] = {}
    for key, company in COMPANIES.items():
        made[key] = customer_create(
            organization=organization,
            name=company.name,
            parent=made.get(company.parent),
            number=company.number,
            payment_term=terms.get(company.term),
            group=contract if company.has_contract else None,
        )
        Address.objects.bulk_create(_addresses(customer=made[key], company=company))
    return made


def people_make(*, organization: Organization, companies: dict[str, Customer]) -> None:
    """Everybody who can log in, with groups or seats. The password is hashed once: it is the same for all."""
    groups = groups_ensure()
    role_create(organization=organization, name=NO_RIGHTS, levels={})
    roles = {role.name: role for role in CustomerRole.objects.filter(organization=organization, customer=None)}
    for person in (*STAFF, *BUYERS):
        user = user_create(
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            staff_of=None if person.seats else organization,
        )
        if person.group:
            user.groups.add(groups[person.group])
        for key, role in person.seats:
            seat_give(user=user, customer=companies[key], role=roles[role])
    emails = [person.email for person in (*STAFF, *BUYERS)]
    User.objects.filter(email__in=emails).update(password=make_password(PASSWORD))
    User.objects.filter(email=STAFF[0].email).update(is_superuser=True)


def letters_begin(*, organization: Organization) -> None:
    """Give the companies their mail addresses: from now on receipts are mailed, about months gone by nothing was."""
    for company in COMPANIES.values():
        Customer.objects.filter(organization=organization, number=company.number).update(email=company.email)


def _addresses(*, customer: Customer, company: Company) -> list[Address]:
    shared: dict[str, Any] = {
        "customer": customer,
        "company": company.name,
        "city": company.city,
        "region": company.region,
        "postal_code": company.postal_code,
        "country": "US",
        "phone": "+1 414 555 0" + company.number[-3:],
    }
    office = Address(
        name=company.contact,
        line_1=company.street,
        is_default_billing=True,
        is_default_shipping=not company.dock,
        **shared,
    )
    if not company.dock:
        return [office]
    return [office, Address(name="Receiving", line_1=company.dock, is_default_shipping=True, **shared)]
