"""What breaks around the payments: the broker forgets, the database restarts, workers freeze or die, a second beat.

A stroke that meets nobody proves nothing: each waits for work to strike, and notes whether it did.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import redis
import urllib3
from django.db import connections
from django.utils import timezone

from config import parts
from config.supervisor import Running, say
from oropay.models import Action, PaymentTransaction, TransactionState
from tests.faults.storm.catching import came_back, conversations_under_way, nobody_fetches, standing_still, until
from tests.faults.storm.lies import FORGED, Lies, digest, signed_about
from tests.faults.storm.world import World

FROZEN = 6.5
"""Seconds. Longer than the lease of a claim under the settings of the tests (1 + 0.5 + 3 + 0.5)."""
NOTICED_WITHIN = 4.0
"""Seconds after that in which the others have noticed that the lease is over."""
FREEZE = "worker frozen"
FREEZES = 3
"""How often a worker is frozen until one had work in its hands whose lease ran out."""
CALM = 2.0
"""Seconds at least between two strokes."""
COMES_WITHIN = 10.0
"""Seconds in which there is something to strike, if anybody does anything at all."""
BEATS_WITHIN = 20.0
QUEUES = (*parts.GATEWAY_QUEUES.split(","), "default")


class Weather(threading.Thread):
    """One stroke after the other, in an order thrown with the seed, spread over the whole storm."""

    def __init__(self, world: World, *, seed: int, rounds: int, done: Callable[[], float]) -> None:
        """`rounds` strokes of each kind; `done` says which share of the buyers has come."""
        super().__init__(daemon=True)
        self.failed: BaseException | None = None
        self.lies = Lies()
        self._world, self._done = world, done
        self._beats = self._begun = 0
        self._kinds: Mapping[str, Callable[[], bool]] = {
            "broker flushed": self.broker_flushed,
            "database restarted": self.database_restarted,
            FREEZE: self.worker_frozen,
            "worker killed": self.worker_killed,
            "second beat": self.second_beat,
            "notices forged": self.notices_forged,
            "notices signed and mad": self.notices_mad,
        }
        self._met: Counter[str] = Counter(dict.fromkeys(self._kinds, 0))
        self._strokes = list(self._kinds) * rounds
        random.Random(f"weather {seed}").shuffle(self._strokes)

    def run(self) -> None:
        try:
            for number, stroke in enumerate(self._strokes):
                while self._done() < number / len(self._strokes):
                    time.sleep(0.1)
                self._begun = number + 1
                met = self._kinds[stroke]()
                self._met[stroke] += met
                say(f"storm: {stroke}{'' if met else ', and met nothing'}")
                connections.close_all()
                time.sleep(CALM)
        except BaseException as error:
            self.failed = error

    def may_come(self) -> float:
        """Which share of the buyers may have come by now: there shall be somebody left for every stroke."""
        return self._begun / len(self._strokes) if self.is_alive() else 1.0

    def end(self) -> None:
        """Wait for the last stroke. Raises what a stroke raised: a storm must not end well if its weather failed."""
        self.join()
        if self.failed is not None:
            raise self.failed

    def idle(self) -> list[str]:
        """Kinds of stroke of which none met what it was meant for."""
        say("storm: strokes that met something " + " · ".join(f"{kind} {met}" for kind, met in self._met.items()))
        return [kind for kind, met in self._met.items() if not met]

    # --- strokes: each says whether it met what it was meant for

    def broker_flushed(self) -> bool:
        """While messages wait in it, because nobody fetches them for a moment."""
        broker = redis.Redis.from_url(self._world.place.redis_url)
        with nobody_fetches(self._world.workers):
            until(lambda: any(broker.llen(queue) for queue in QUEUES), seconds=COMES_WITHIN)
            with broker.pipeline() as at_once:
                for queue in QUEUES:
                    at_once.llen(queue)
                at_once.flushdb()
                *waiting, _flushed = at_once.execute()
        return any(waiting)

    def database_restarted(self) -> bool:
        """In the middle of conversations with the gateway."""
        met = until(lambda: bool(conversations_under_way()), seconds=COMES_WITHIN)
        connections.close_all()
        self._world.servers.database_restart()
        return met

    def worker_frozen(self) -> bool:
        """All processes of one worker stop for longer than their leases, and then go on where they were."""
        for _ in range(FREEZES):
            with standing_still(self._world.workers[0]) as caught:
                time.sleep(FROZEN)
                until(lambda: bool(caught.lost_its_lease()), seconds=NOTICED_WITHIN)
                lost = caught.lost_its_lease()
                woken = timezone.now()
            if lost and came_back(lost, after=woken):
                return True
        return False

    def worker_killed(self) -> bool:
        """One worker with all its processes and what they have in hand, as by a power cut; another takes its place."""
        dead = self._world.workers[-1]
        with standing_still(dead) as caught:
            os.killpg(dead.process.pid, signal.SIGKILL)
        dead.process.wait()
        self._world.worker_forget(dead)
        self._world.worker_start(dead.part.name)
        return bool(caught.conversations)

    def second_beat(self) -> bool:
        """Started and left running; of more than two the oldest is ended. Met when both were heard of since."""
        running = self._world.stack.running
        [*_, before] = [one for one in running if one.part.name == "beat"]
        added = self._world.stack.start(parts.beat(self._world.place))
        both = all(until(partial(_is_heard_of, beat), seconds=BEATS_WITHIN) for beat in (added, before))
        self._beats += 1
        if self._beats > 1:
            old = next(one for one in running if one.part.name == "beat")
            old.process.kill()
            old.process.wait()
            running.remove(old)
        return both

    def notices_forged(self) -> bool:
        """Somebody who knows the address tells lies."""
        self.lies.forged |= {digest(body) for body in FORGED}
        return self._told((body, {"X-GP-Signature": signature}) for body in FORGED for signature in ("", "0" * 128))

    def notices_mad(self) -> bool:
        """The gateway itself tells nonsense, with the right signature."""
        known = PaymentTransaction.objects.filter(action=Action.CHARGE, state=TransactionState.APPROVED).exclude(
            gateway_id=""
        )
        name = known.order_by("-pk").values_list("gateway_id", flat=True).first() or "TRN_NOBODY"
        gateway = self._world.sandbox.gateway()
        bodies = list(signed_about(known=name, nonce=f"mad{self._begun}"))
        self.lies.signed |= {digest(body) for body in bodies}
        return self._told((body, gateway.notice_sign(body=body)) for body in bodies)

    def _told(self, messages: Iterable[tuple[bytes, Mapping[str, str]]]) -> bool:
        """Whether all of it was let in: what is turned away at the door says nothing about what is behind it."""
        answers = [
            urllib3.request("POST", self._world.inbox, body=body, headers=headers, retries=False, timeout=5).status
            for body, headers in messages
        ]
        return all(200 <= status < 300 for status in answers)


def _is_heard_of(part: Running) -> bool:
    """Whether the part's last heartbeat is this process's own."""
    return part.process.poll() is None and not part.part.answers(part.process.pid)
