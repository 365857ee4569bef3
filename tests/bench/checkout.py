"""How many orders a second four buyers place and pay over HTTP, against a view with one query on the same server."""

import multiprocessing
import multiprocessing.pool
import re
import sys
import time
import uuid
from dataclasses import dataclass, field
from http.client import HTTPException

from django.db import connections
from django.urls import reverse
from django.utils import timezone

from oropay import engine
from oropay.services import NewCard, PartAsked, PaymentAsked, payment_start
from tests.bench.browser import Browser, Page, Unexpected
from tests.bench.house import running_house
from tests.bench.measure import Result, percentile
from tests.bench.urls import ONE_QUERY
from tests.e2e.house import House
from tests.factories import PASSWORD

CLIENTS = 4
WARM_UP_SECONDS = 5
SECONDS = 20
PEER_WARM_UP_SECONDS = 2
PEER_SECONDS = 10
POLL_SECONDS = 0.1
"""A page asks every second, which would measure the waiting; asking much more often would measure the asking."""
PAID_WITHIN = 30.0
FIELDS = {"addresses": "billing", "shipping": "method", "payment": "choice"}
"""Steps of the checkout before its review, each with a field of its form."""
STATE = re.compile(r'id="paying-state" data-state="([a-z_]+)"')


@dataclass(frozen=True)
class Client:
    """What one buyer needs to know."""

    port: int
    email: str
    product: str
    choice: str
    """The saved card, as the payment step names it."""


@dataclass
class Bought:
    """What one buyer saw in the measured time."""

    orders: int = 0
    placing: list[float] = field(default_factory=list)
    """Seconds from the click on Place order to the answer of that click."""
    errors: int = 0


def run() -> Result:
    with running_house("bench_checkout") as house:
        clients = [_client(house) for _ in range(CLIENTS)]
        connections.close_all()
        with multiprocessing.get_context("fork").Pool(CLIENTS) as pool:
            before = _ask_everything(pool, house)
            begin = time.monotonic() + 1
            bought = pool.starmap(_buy, [(client, begin) for client in clients])
            after = _ask_everything(pool, house)
    placing = [seconds for each in bought for seconds in each.placing]
    return Result(
        name="checkout",
        ours=sum(each.orders for each in bought) / SECONDS,
        limit=(before + after) / 2,
        compared_with="peer",
        unit="orders/s",
        p50_ms=percentile(placing, 0.50) * 1000,
        p95_ms=percentile(placing, 0.95) * 1000,
        errors=sum(each.errors for each in bought),
    )


def _client(house: House) -> Client:
    """A buyer of a company of their own, with a card saved by paying an invoice."""
    shop = house.company()
    payable = house.invoice(shop).payable
    assert payable is not None
    integration = house.seller.integration
    payment = payment_start(
        asked=PaymentAsked(
            parts=[PartAsked(payable_id=payable.pk, amount=payable.total)],
            integration_id=integration.pk,
            source=NewCard(token=house.sandbox.card_token(), keep=True),
            attempt_key=uuid.uuid4(),
        ),
        by=shop.buyer,
        website=house.seller.website,
        now=timezone.now(),
    )
    engine.execute(transaction_id=payment.transactions.get().pk, now=timezone.now())
    return Client(
        port=house.place.web_port,
        email=shop.buyer.email,
        product=reverse("storefront:product", kwargs={"slug": house.seller.product.slug}),
        choice=f"saved:{integration.pk}:{payment.instrument_id}",
    )


# --- In the processes of the buyers ----------------------------------------------------------------------------------


def _buy(client: Client, begin: float) -> Bought:
    """Log in, then buy again and again; what ends in the measured time counts."""
    browser = Browser(port=client.port, host="localhost")
    page = browser.get(reverse("account_login"))
    home = browser.submit(page.form(having="login"), login=client.email, password=PASSWORD)
    if "account/logout" not in home.text:
        raise Unexpected(f"{client.email} cannot log in: {home.path} ({home.status})")
    bought = Bought()
    warm, end = begin + WARM_UP_SECONDS, begin + WARM_UP_SECONDS + SECONDS
    while time.monotonic() < end:
        try:
            placing = _order(browser, client)
        except (Unexpected, HTTPException, OSError) as error:
            sys.stderr.write(f"checkout: {type(error).__name__}: {error}\n")
            bought.errors += 1
            continue
        if warm <= time.monotonic() < end:
            bought.orders += 1
            bought.placing.append(placing)
    return bought


def _order(browser: Browser, client: Client) -> float:
    """From the product to the paid order. Returns the seconds that Place order took to answer."""
    product = browser.get(client.product)
    browser.submit(product.form(having="quantity"))
    listed = browser.get(reverse("storefront:list"))
    page = browser.submit(listed.form(action=reverse("storefront:checkout_start")))
    while not page.path.endswith("/review/"):
        step = page.path.rstrip("/").rpartition("/")[2]
        if step not in FIELDS:
            raise Unexpected(f"the checkout leads to {page.path} ({page.status})")
        changes = {"choice": client.choice} if step == "payment" else {}
        page = browser.submit(page.form(having=FIELDS[step]), **changes)
    place = page.form(having="attempt_key")
    click = time.monotonic()
    answer = browser.post(place)
    placing = time.monotonic() - click
    address = answer.headers["Location"] or ""
    if "/pay/" not in address:
        raise Unexpected(f"Place order answers {answer.status} {address}")
    _await_captured(browser, browser.get(address))
    return placing


def _await_captured(browser: Browser, page: Page) -> None:
    polls = f"{page.path}state/"
    end = time.monotonic() + PAID_WITHIN
    state = _state(page, "")
    while state != "captured":
        if time.monotonic() > end or "hx-get" not in page.text:
            raise Unexpected(f"the Paying page says {state}")
        time.sleep(POLL_SECONDS)
        now = browser.get(f"{polls}?known={state}")
        if now.text:
            page, state = now, _state(now, state)


def _state(page: Page, before: str) -> str:
    found = STATE.search(page.text)
    if found is None:
        raise Unexpected(f"{page.path} ({page.status}) shows no state after {before or 'placing the order'}")
    return found[1]


def _ask_everything(pool: "multiprocessing.pool.Pool", house: House) -> float:
    """Requests a second of the view with one query, with as many clients."""
    begin = time.monotonic() + 0.5
    return sum(pool.starmap(_ask, [(house.place.web_port, begin)] * CLIENTS)) / PEER_SECONDS


def _ask(port: int, begin: float) -> int:
    browser = Browser(port=port, host="localhost")
    asked = 0
    warm, end = begin + PEER_WARM_UP_SECONDS, begin + PEER_WARM_UP_SECONDS + PEER_SECONDS
    while time.monotonic() < end:
        page = browser.get(f"/{ONE_QUERY}")
        if page.status != 200:
            raise Unexpected(f"/{ONE_QUERY} answers {page.status}")
        asked += warm <= time.monotonic() < end
    return asked
