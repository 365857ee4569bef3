"""How many entries a second the book takes from four processes, against two INSERTs; batches of 1,000 against COPY."""

import io
import multiprocessing
import os
import time
from contextlib import closing
from datetime import date
from decimal import Decimal

from django.db import connections
from django.db.transaction import atomic
from django.utils import timezone

from config.devservers import postgres_connect
from ledger.models import AccountName, EntryKind
from ledger.services import EntryAsked, credit, debit, entries_post, entry_post
from tests.bench.measure import HERE, Result, pgbench
from tests.bench.turns import TURN_SECONDS, Done, in_turns, repeat
from tests.databases import django_on, own_database
from tests.factories import OrganizationFactory

PROCESSES = 4
BATCH = 1_000
BATCH_SECONDS = 10
DAY = date(2026, 11, 2)
COPY_ENTRIES = "COPY entry (id, organization_id, kind, source, occurred_on) FROM STDIN"
COPY_POSTINGS = "COPY posting (entry_id, account_id, amount) FROM STDIN"
LINES = (debit(AccountName.GATEWAY_CLEARING, Decimal(100)), credit(AccountName.RECEIVABLE, Decimal(100)))


def run() -> Result:
    with own_database("bench_floor_ledger") as floor:
        with closing(postgres_connect(floor, database="bench_floor_ledger")) as server, server.cursor() as run:
            run.execute((HERE / "limit-ledger-schema.sql").read_text())
        with own_database("bench_ledger", template=os.environ["TEMPLATE_DATABASE"]) as url, django_on(url):
            organization_id = OrganizationFactory.create().pk
            _post(organization_id)
            connections.close_all()
            with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
                turns = in_turns(
                    lambda begin: pool.starmap(_post_some, [(organization_id, begin)] * PROCESSES),
                    lambda: pgbench(floor, "limit-ledger.sql", clients=PROCESSES, seconds=TURN_SECONDS),
                )
            batches = _batches(organization_id)
        copied = _copies(floor)
    return turns.result(
        name="ledger",
        unit="entries/s",
        notes={
            "batch_ours": round(batches, 1),
            "batch_copy": round(copied, 1),
            "batch_ratio": round(batches / copied, 4),
        },
    )


def _post(organization_id: int) -> bool:
    with atomic(durable=True):
        entry_post(
            organization_id=organization_id,
            currency="USD",
            kind=EntryKind.CAPTURED,
            lines=LINES,
            occurred_on=DAY,
            source="transaction:1",
            now=timezone.now(),
        )
    return True


def _post_some(organization_id: int, begin: float) -> Done:
    return repeat(lambda: _post(organization_id), begin=begin)


def _batches(organization_id: int) -> float:
    """Entries a second, a thousand at a time, by one process."""
    entries = [
        EntryAsked(kind=EntryKind.CAPTURED, lines=LINES, occurred_on=DAY, source=f"transaction:{number}")
        for number in range(BATCH)
    ]
    written, start = 0, time.monotonic()
    while time.monotonic() - start < BATCH_SECONDS:
        with atomic(durable=True):
            entries_post(organization_id=organization_id, currency="USD", entries=entries, now=timezone.now())
        written += BATCH
    return written / (time.monotonic() - start)


def _copies(floor: str) -> float:
    """Entries a second that COPY writes into the smallest book, with their ids known beforehand."""
    written, start, first = 0, time.monotonic(), 1_000_000_000
    with closing(postgres_connect(floor, database="bench_floor_ledger")) as server:
        server.autocommit = False
        while time.monotonic() - start < BATCH_SECONDS:
            ids = range(first + written, first + written + BATCH)
            entries = "".join(f"{pk}\t1\tcaptured\ttransaction:{pk}\t{DAY}\n" for pk in ids)
            postings = "".join(f"{pk}\t1\t100\n{pk}\t2\t-100\n" for pk in ids)
            with server.cursor() as run:
                run.copy_expert(COPY_ENTRIES, io.StringIO(entries))
                run.copy_expert(COPY_POSTINGS, io.StringIO(postings))
            server.commit()
            written += BATCH
    return written / (time.monotonic() - start)
