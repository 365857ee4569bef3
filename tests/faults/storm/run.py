"""One storm from the first click to the comparison of the books."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from math import sqrt
from pathlib import Path
from shutil import copy, copytree, rmtree
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from config.supervisor import say
from config.testrun import database_dump
from oropay.models import (
    NOTIFICATION_WAITING,
    Action,
    Notification,
    PaymentTransaction,
    TransactionState,
    Watch,
)
from oropay.services import watch_wake
from plumbing.services.hints import hint_now
from tests.faults.storm.books import OPEN, Verdict, compare
from tests.faults.storm.crashing import SELDOM, deaths
from tests.faults.storm.endings import endings, late_after_reversal, races
from tests.faults.storm.gateway_books import GatewayBooks
from tests.faults.storm.issuer import RegularLooks, send_back
from tests.faults.storm.people import People
from tests.faults.storm.rules import FAULTS, LATE_MS, OF_NOTICES, certain_set, rules_set
from tests.faults.storm.servers import Servers
from tests.faults.storm.stories import Story
from tests.faults.storm.town import Town, town_open
from tests.faults.storm.weather import FREEZE, Weather
from tests.faults.storm.world import World, world_made

CRASH_CHANCE = 0.004
"""Of a worker at each marked step."""
RARER_FROM = 1000
"""Payments; of a longer storm, most of the time would be starting again what has died."""
STROKE_EVERY = 400
"""Payments per stroke of each kind of weather; a small storm has one of each."""
KEPT = Path(__file__).resolve().parents[3] / ".data" / "storm"
"""Where a storm that found something leaves its logs, our database and the sandbox's, until the next that does."""
S = TransactionState
ENDS_WITHIN = 240.0
"""Seconds that each step of the end may take: what one conversation never gets must not count against the others …"""
AND_FOR_EACH = 0.05
"""… and as many more for each payment: bank debits are read again one by one."""
SURE = 3000
"""Payments with which every kind of fault must have happened: of the rarest, one of a thousand storms meets none. With
fewer, those that are certain.
"""
TOLD_WITHIN = 20.0
"""Seconds in which the gateway tells what it has funded."""
REREAD_WITHIN = 20.0
"""Seconds in which a bank debit that was asked for has been read, unless its worker died."""
WORKERS = 2
FUNDED_AFTER = {"days": 6, "hours": 18}
"""On the sandbox's clock. A batch closes within a day and is paid on the third banking day after, at ten in the
morning: all bank debits are funded by then, over a weekend and a holiday too, and no hold of seven days has lapsed.
"""


def storm(servers: Servers, *, payments: int, seed: int) -> int:
    """Exit code 0 when no money moved twice, none unseen, and every conversation has an end."""
    began = time.monotonic()
    chance = CRASH_CHANCE * min(1.0, sqrt(RARER_FROM / payments))
    with world_made(servers, crashes=f"{seed}:{chance}", workers=WORKERS) as world:
        town = town_open(sandbox=world.sandbox, payments=payments, seed=seed)
        certain_set(sandbox=world.sandbox)
        rules_set(sandbox=world.sandbox, seed=seed, faults=FAULTS)
        path = reverse("api:webhook", kwargs={"key": town.seller.automatic.webhook_key})
        world.inbox = f"http://127.0.0.1:{world.place.web_port}{path}"
        say(f"storm: {payments} orders, seed {seed}")
        people = People(town)
        weather = Weather(
            world, seed=seed, rounds=max(1, payments // STROKE_EVERY), done=lambda: people.started / payments
        )
        weather.start()
        people.run(may_come=weather.may_come)
        while weather.is_alive():
            people.again()
            time.sleep(0.5)
        weather.end()
        say(f"storm: everybody has clicked after {time.monotonic() - began:.0f} s; {town.refused} clicks were refused")
        rules, overtaken = world.sandbox.rules(), _gateway_books(world).overtaken()
        world.sandbox.calm()
        unseen = _let_it_end(people, seconds=ENDS_WITHIN + AND_FOR_EACH * payments)
        world.stack.check()  # what has died by itself, nobody broke: the rest would say nothing
        verdict = compare(gateway=_gateway_books(world), town=town, lies=weather.lies)
        idle, large = weather.idle(), payments >= STROKE_EVERY
        if not large:  # then a worker that is frozen may have had nothing in its hands
            idle = [kind for kind in idle if kind != FREEZE]
        verdict.untried = [f"no stroke “{kind}” met what it was meant for" for kind in idle]
        verdict.untried += _not_run(town) if large else []
        died, told, late = _died(world), _told_of(town), _came_late()
        verdict.untried += _untried(rules, overtaken, died=died, told=told, late=late, all_of_it=payments >= SURE)
        verdict.unknown_left += [f"transaction {pk}, proven absent, was not looked for again" for pk in unseen]
    for finding in verdict.findings():
        say(finding)
    if not verdict.good:
        _keep(servers)
    say(_line(verdict, seconds=time.monotonic() - began))
    return 0 if verdict.good else 1


def _keep(servers: Servers) -> None:
    """What is needed to find out why: everything ends with this process otherwise."""
    rmtree(KEPT, ignore_errors=True)
    copytree(servers.folder / "log", KEPT)
    for file in servers.folder.glob("gpsandbox.sqlite3*"):
        copy(file, KEPT)
    database_dump(servers.postgres.url, KEPT / "oropay.sql")
    say(f"storm: its logs and both databases are kept in {KEPT}")


def _let_it_end(people: People, *, seconds: float) -> list[int]:
    """Wait until nothing is open: buyers give up or succeed, late charges arrive, bank debits are funded. Each step has
    its own `seconds`.

    Returns what was proven absent and has not been looked for since the last late charge.
    """
    sandbox = people.town.sandbox
    _until(lambda: not people.again() and not _open(OPEN - {S.PENDING}), seconds=seconds)
    unseen = _late_ones_arrive(seconds=seconds)
    rules_set(sandbox=sandbox, seed=0, faults=OF_NOTICES)
    sandbox.control("/clock", {"advance": FUNDED_AFTER})
    _told()
    _debits_read(seconds=seconds)
    _returns_read(people.town, seconds=seconds)
    _until(lambda: not people.again() and not _open(OPEN), seconds=seconds)
    _until(lambda: not sandbox.has_to_tell() and not _inbox_waits(), seconds=seconds)
    return unseen


def _told() -> None:
    """Wait for what the gateway tells by itself; for debits of which no true word arrives we must ask."""
    pending = len(_open({S.PENDING}))
    _until(lambda: not _open({S.PENDING}), seconds=TOLD_WITHIN)
    say(f"storm: {pending - len(_open({S.PENDING}))} of {pending} bank debits settled because the gateway said so")


def _debits_read(*, seconds: float) -> None:
    """A worker may die over one of them: those that are left are asked for again."""
    end = time.monotonic() + seconds
    while _pending_reread() and time.monotonic() < end:
        _until(lambda: not _open({S.PENDING}), seconds=REREAD_WITHIN)


def _returns_read(town: Town, *, seconds: float) -> None:
    """Banks take funded debits back: the gateway tells some, our daily look finds the others."""
    names = send_back(town)
    looks = RegularLooks("oropay.ach-reread")

    def known() -> bool:
        rows = PaymentTransaction.objects.filter(action=Action.RETURN, parent__gateway_id__in=names)
        return rows.count() == len(names)

    def looked() -> bool:
        looks.look()
        return known()

    told = _until(known, seconds=TOLD_WITHIN)
    say(f"storm: of {len(names)} bank debits that came back {'all' if told else 'not all'} were told by the gateway")
    _until(looked, seconds=seconds)


def _inbox_waits() -> bool:
    return Notification.objects.filter(state__in=NOTIFICATION_WAITING).exists()


def _gateway_books(world: World) -> GatewayBooks:
    return GatewayBooks(world.servers.folder / "gpsandbox.sqlite3")


def _untried(
    rules: Sequence[Mapping[str, Any]],
    overtaken: int,
    *,
    died: Mapping[str, int],
    told: Mapping[Story, int],
    late: int,
    all_of_it: bool,
) -> list[str]:
    """Faults that the gateway did not have, steps at which no worker has died, stories of which no debt ended as they
    mean: those that are certain, or `all_of_it`.

    A message that was to come out of order did so only if another has overtaken it.
    """
    untried = [
        f"no call met {rule['match']} {rule['action']}"
        for rule in rules
        if not rule["fired"] and (all_of_it or rule["times"] == 1)
    ]
    untried += [
        f"no worker died at the step “{step}”"
        for step, count in died.items()
        if not count and (all_of_it or step not in SELDOM)
    ]
    if all_of_it:
        untried += [f"no debt went the way of “{story}”" for story, count in told.items() if not count]
        untried += [] if overtaken else ["no message has overtaken another"]
        untried += [] if late else ["no charge came after its reversal had found nothing"]
    return untried


def _not_run(town: Town) -> list[str]:
    """Races that nobody lost: of all who acted at once, no two met."""
    run = races(town)
    say("storm: too slow " + " · ".join(f"{story} {run[story]}" for story in sorted(run)))
    return [f"nobody was too slow in “{story}”" for story in sorted(run) if not run[story]]


def _came_late() -> int:
    late = late_after_reversal()
    say(f"storm: {late} charges came after their reversal had found nothing")
    return late


def _died(world: World) -> Mapping[str, int]:
    """How many workers died at each step, the late finds of the end included."""
    died = deaths(world.marks)
    say("storm: workers died " + " · ".join(f"{step} {count}" for step, count in died.items()))
    return died


def _told_of(town: Town) -> Mapping[Story, int]:
    """How many debts of each story ended as it means."""
    told = endings(town)
    met = Counter(deal.story for deal in town.deals)
    say("storm: ended as meant " + " · ".join(f"{story} {told[story]} of {met[story]}" for story in Story))
    return told


def _pending_reread() -> int:
    """Have bank debits read again, as the settlement report would; how many there are."""
    pending = _open({S.PENDING})
    PaymentTransaction.objects.filter(pk__in=pending, state=S.PENDING).update(next_at=timezone.now())
    for pk in pending:
        hint_now("oropay.tasks.reread", pk, queue="gateway-batch")
    return len(pending)


def _late_ones_arrive(*, seconds: float) -> list[int]:
    """Charges that were proven absent may commit after all: once the last could have, each is looked for again.

    Returns those that were not, though the time was over.
    """
    watches = Watch.objects.filter(next_at__isnull=False)
    newest = watches.aggregate(at=Max("transaction__answer_by"))["at"]
    if newest is None:
        return []
    late = newest + timedelta(milliseconds=LATE_MS + 3000)
    _until(lambda: timezone.now() >= late, seconds=seconds)
    looks = dict(watches.values_list("pk", "looks"))
    watch_wake(transaction_ids=looks, now=timezone.now())
    still = watches.filter(pk__in=looks).values_list("pk", "looks")

    def unseen() -> list[int]:
        return [pk for pk, seen in still.all() if seen <= looks[pk]]

    _until(lambda: not unseen(), seconds=seconds)
    return unseen()


def _open(states: AbstractSet[TransactionState]) -> list[int]:
    """Conversations without an end."""
    return list(PaymentTransaction.objects.filter(state__in=states).values_list("pk", flat=True))


def _until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Look twice a second, and say whether it came true; what is open at the end is counted by the comparison."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.5)
    return met


def _line(verdict: Verdict, *, seconds: float) -> str:
    return json.dumps(
        {
            "payments": verdict.payments,
            "double": len(verdict.double),
            "lost": len(verdict.lost),
            "unknown_left": len(verdict.unknown_left),
            "ledger_ok": not verdict.ledger,
            "seconds": round(seconds, 1),
        }
    )
