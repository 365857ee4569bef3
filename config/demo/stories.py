"""What happened at the demo company in the last twelve months, as tables: orders, forty invoices, checks and wires.

Days count back from today; a weekend day means the Friday before it. `config.demo.history` lets it happen.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

MAIN, NORTH = 0, 1
"""Websites."""


class Fate(StrEnum):
    """What becomes of an invoice; how far it is paid follows from `RECEIPTS`."""

    POSTED = "posted"
    """It is owed."""
    DRAFT = "draft"
    """Still being written."""
    VOID = "void"
    """Posted, then withdrawn two days later."""


@dataclass(frozen=True)
class Story:
    """One invoice: of an order placed two days earlier, or written by hand."""

    key: int
    company: str
    days_ago: int
    ordered: bool
    site: int = MAIN
    fate: Fate = Fate.POSTED


STORIES = tuple(
    Story(key, *columns)  # type: ignore[arg-type]
    for key, columns in enumerate(
        (
            ("calder", 356, True),
            ("oakhollow", 349, False),
            ("marine", 338, True, NORTH),
            ("brindle", 331, False),
            ("calder", 322, True),
            ("oakhollow", 311, True),
            ("calder", 302, False),
            ("marine", 290, False, MAIN, Fate.VOID),
            ("brindle", 281, True, NORTH),
            ("calder", 270, True),
            ("oakhollow", 262, True),
            ("marine", 251, True, NORTH),
            ("oakhollow", 230, False),
            ("brindle", 222, True, NORTH),
            ("calder", 210, True),
            ("marine", 199, True, NORTH),
            ("oakhollow", 188, True),
            ("calder", 176, True),
            ("marine", 157, False),
            ("oakhollow", 146, True),
            ("calder", 138, True),
            ("brindle", 108, True, NORTH),
            ("marine", 99, True, NORTH),
            ("calder", 92, True),
            ("oakhollow", 85, True),
            ("marine", 74, True, NORTH),
            ("calder", 66, True),
            ("brindle", 58, False),
            ("marine", 49, False),
            ("calder", 41, True),
            ("brindle", 33, False),
            ("marine", 22, False),
            ("calder", 16, True),
            ("calder", 12, False, MAIN, Fate.VOID),
            ("marine", 9, True, NORTH),
            ("oakhollow", 6, True),
            ("calder", 4, True),
            ("calder", 2, False),
            ("oakhollow", 1, True, MAIN, Fate.DRAFT),
            ("brindle", 1, False, MAIN, Fate.DRAFT),
        ),
        start=1,
    )
)


@dataclass(frozen=True)
class Arrived:
    """A check or wire, and which invoices (by key) it pays. Before the invoice is posted it pays the order."""

    days_ago: int
    document: str
    pays: tuple[int, ...]
    share: Decimal | None = None
    """Of the invoice's total; None is all that is left."""


RECEIPTS = (
    Arrived(328, "Check 1108", (4,)),
    Arrived(327, "Wire CM-0031", (3,)),
    Arrived(326, "Check 20417", (1,)),
    Arrived(311, "Wire OH-8812", (2,)),
    Arrived(288, "Check 20466", (5, 7)),
    Arrived(282, "Check 1131", (9,)),
    Arrived(268, "Wire OH-8893", (6,)),
    Arrived(243, "Check 20510", (10,)),
    Arrived(241, "Wire CM-0044", (12,)),
    Arrived(223, "Check 1157", (14,)),
    Arrived(219, "Wire OH-8950", (11,)),
    Arrived(190, "Wire CM-0058", (16,)),
    Arrived(189, "Wire OH-9021", (13,)),
    Arrived(182, "Check 20588", (15,)),
    Arrived(160, "Check 20630", (18,), Decimal("0.5")),
    Arrived(148, "Wire CM-0066", (19,)),
    Arrived(146, "Wire OH-9104", (17,)),
    Arrived(143, "Check 20655", (18,)),
    Arrived(109, "Check 1189", (22,)),
    Arrived(108, "Check 20702", (21,)),
    Arrived(104, "Wire OH-9177", (20,)),
    Arrived(88, "Wire CM-0079", (23,)),
    Arrived(65, "Wire CM-0085", (26,)),
    Arrived(60, "Check 20741", (24,), Decimal("0.4")),
    Arrived(54, "Check 1204", (28,)),
    Arrived(35, "Wire CM-0090", (29,), Decimal("0.5")),
    Arrived(10, "Check 20777", (30,)),
    Arrived(8, "Wire CM-0097", (32,), Decimal("0.3")),
    Arrived(3, "Check 20791", (33,), Decimal("0.25")),
)


@dataclass(frozen=True)
class OpenOrder:
    """An order without an invoice: waiting to be shipped, or canceled the next day."""

    key: int
    company: str
    days_ago: int
    site: int = MAIN
    canceled_because: str = ""


ORDERS = (
    OpenOrder(101, "calder", 20, canceled_because="Ordered twice; the buyer asked us to drop this one."),
    OpenOrder(102, "calder", 5),
    OpenOrder(103, "marine", 3, NORTH),
    OpenOrder(104, "oakhollow", 3),
    OpenOrder(105, "calder", 1),
)

SERVICES = (
    ("On-site inventory count", "day", Decimal("480.00")),
    ("Pallet rack installation", "bay", Decimal("215.00")),
    ("Tool sharpening and calibration", "set", Decimal("62.50")),
    ("Safety training, half day", "group", Decimal("740.00")),
    ("Expedited freight", "shipment", Decimal("186.40")),
    ("Custom kitting", "kit", Decimal("34.75")),
    ("Vending cabinet rental", "month", Decimal("129.00")),
)
"""What is billed by hand: name, unit, price of one."""

LISTS = (("anna@calder.example", "calder"), ("sam@brindle.example", "brindle"))
"""Who has a shopping list waiting, for which company."""
