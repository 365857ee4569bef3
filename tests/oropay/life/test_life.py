"""The whole life of payments of one order, in any order of events, each answer lost or not: money stays where we say.

Hypothesis chooses what happens next. OROPAY_LIFE_RULES says how many events in all: a few hundred in every run of the
tests, always the same; 5,000 and more by night, others each time (docs/developer.md).
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import get_state_machine_test, initialize, invariant, rule

from ledger.services import ledger_check
from tests.contract.conftest import sandbox  # noqa: F401  (a fixture)
from tests.contract.sandbox import VISA, Sandbox
from tests.oropay.life import invariants
from tests.oropay.life.authenticating import Authenticating
from tests.oropay.life.crediting import Crediting
from tests.oropay.life.disputing import Disputing
from tests.oropay.life.events import possible
from tests.oropay.life.ground import TOTAL
from tests.oropay.life.holding import Holding
from tests.oropay.life.kinds import EVERY, kinds_met
from tests.oropay.life.paying import Paying
from tests.oropay.life.returning import Returning
from tests.oropay.life.reviewing import Reviewing
from tests.oropay.life.working import Working
from tests.oropay.threeds import CHALLENGE

STEPS = 20
LIVES = 10
"""In one go: of more, Hypothesis makes most by changing a little in one before."""
RULES = int(os.environ.get("OROPAY_LIFE_RULES", "300"))
BY_NIGHT = "OROPAY_LIFE_RULES" in os.environ
SEED = int(os.environ.get("OROPAY_LIFE_SEED") or (random.randrange(2**32) if BY_NIGHT else 1))
"""Where the night's walk begins; every run of the tests walks the same way instead."""
MEETS_EVERYTHING = 5000
"""From so many events on, a walk goes on until it met every kind, about twice as long at most; else it fails: nobody
tested that kind.
"""


class Life(Paying, Working, Holding, Authenticating, Reviewing, Crediting, Disputing, Returning):
    """One order and everything that may happen to the money for it."""

    seeded: ClassVar[int] = 0
    happened: ClassVar[int] = 0
    """Events so far, in all lives."""
    met: ClassVar[Counter[str]] = Counter()
    """In how many lives each kind of event happened."""

    @initialize(dice=st.integers(0, 2**32 - 1))
    def order_is_written_and_paid(self, dice: int) -> None:
        """So that there is something to go on with, each beginning as often as any other."""
        self.open_shop()
        begins = random.Random(f"{Life.seeded} {dice}").choice(list(BEGINNINGS))
        note(f"begins: {begins}")
        for step in BEGINNINGS[begins]:
            step(self)
            self.look()

    @rule(dice=st.integers(0, 2**32 - 1))
    def something_happens(self, dice: int) -> None:
        chance = random.Random(f"{Life.seeded} {len(self.world.rows)} {dice}")  # the same dice: something else
        parts = possible(self)
        events = parts[chance.choice(list(parts))]
        chosen = events[chance.choice(list(events))]
        given = {name: chance.choice(some) for name, some in chosen.given.items()}
        note(f"{chosen.name} {given or ''}")
        chosen.act(self, **given)

    @invariant()
    def everything_holds(self) -> None:
        self.look()
        invariants.hold(world=self.world, lapsed=frozenset(self.lapsed))
        Life.happened += 1

    def teardown(self) -> None:
        """At its end, once, what is slow to ask."""
        if hasattr(self, "world"):
            Life.happened -= 1  # the order written is no event
            Life.met.update(kinds_met(self.seller))
            assert ledger_check() == []


Step = Callable[[Life], None]


def _paid(how: str) -> Step:
    return lambda life: life.buyer_pays(fault="", how=how, amount=TOTAL, keep=True)


def _captured(amount: Decimal) -> Step:
    return lambda life: life.clerk_captures(fault="", amount=amount, last=False)


def _asked(card: str) -> Step:
    return lambda life: life.buyer_pays_and_the_bank_is_asked(fault="", card=card)


def _suspected(way: str) -> Step:
    return lambda life: life.suspect_pays(fault="", way=way, keep=True)


BEGINNINGS: Mapping[str, Sequence[Step]] = {
    "nothing is paid": (),
    "charged": (_paid("charge"),),
    "held": (_paid("hold"),),
    "held, and lapsed": (_paid("hold"), Life.hold_lapses),
    "captured": (_paid("hold"), _captured(TOTAL)),
    "captured in part": (_paid("in parts"), _captured(Decimal("40.00"))),
    "a bank is asked": (_asked(VISA),),
    "a bank questions": (_asked(CHALLENGE),),
    "a charge in review": (_suspected("filtered charge"),),
    "a hold in review": (_suspected("filtered hold"),),
    "disputed": (
        _paid("charge"),
        lambda life: life.card_holder_disputes(stage="CHARGEBACK", amount=TOTAL),
        Life.we_are_told_of_a_dispute,
    ),
    "debited": (_paid("bank"),),
    "debited, and going back": (  # accepted by the bank, and not sure for days
        _paid("bank"),
        lambda life: life.bank_decides(funded=True),
        lambda life: life.clerk_refunds(fault="", amount=Decimal("40.00")),
        lambda life: life.second_person_decides(agrees=True),
        lambda life: life.worker_sends_what_waits(fault=""),
    ),
}
"""How a life may begin."""


@pytest.fixture
def life(db: None, sandbox: Sandbox) -> Iterator[type[Life]]:  # noqa: F811
    Life.sandbox, Life.happened, Life.met = sandbox, 0, Counter()
    yield Life
    sandbox.control("/reset", {})


def walk(life: type[Life], *, seeded: int, lives: int) -> None:
    """Live that many lives, the same ones for the same seed."""
    walked = get_state_machine_test(
        life,
        settings=settings(
            max_examples=lives,
            stateful_step_count=STEPS + 1,  # the order written counts
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    Life.seeded = seeded
    print(f"OROPAY_LIFE_RULES={STEPS * LIVES} OROPAY_LIFE_SEED={seeded}")  # noqa: T201  (pytest shows it of what fails)
    seed(seeded)(walked)()


def test_money_is_where_we_say_whatever_happens(life: type[Life]) -> None:
    for walked in range(3 * RULES // (STEPS * LIVES) + 2):  # a life may be cut short
        if (left := RULES - life.happened) > 0:
            walk(life, seeded=SEED + walked, lives=min(LIVES, left // STEPS + 1))
        elif RULES >= MEETS_EVERYTHING and _never(life):
            walk(life, seeded=SEED + walked, lives=LIVES)

    assert life.happened >= RULES, f"only {life.happened} of {RULES} events happened"
    assert RULES < MEETS_EVERYTHING or not _never(life), f"never in {life.happened} events: {_never(life)}"


def _never(life: type[Life]) -> list[str]:
    return sorted(EVERY - set(life.met))
