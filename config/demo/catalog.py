"""What the demo company sells: forty things on six shelves, two price lists, and a picture of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.text import slugify

from commerce.models import (
    Category,
    CustomerGroup,
    Organization,
    Price,
    PriceList,
    PriceListAssignment,
    Product,
    ProductUnit,
    Website,
)
from commerce.money import rounded
from config.demo.pictures import draw
from plumbing.models import DocumentKind
from plumbing.services import document_add

UNITS = {"pair": ("Pair", "PR", 0), "box": ("Box", "BX", 0)}
"""Besides those every organization starts with: name, code for card networks, digits of a quantity."""

TIERS: dict[str, tuple[tuple[int, str], ...]] = {
    "each": ((1, "1"), (10, "0.94"), (50, "0.88")),
    "pair": ((1, "1"), (12, "0.93"), (48, "0.86")),
    "box": ((1, "1"), (5, "0.95"), (20, "0.89")),
    "case": ((1, "1"), (5, "0.95"), (20, "0.90")),
    "foot": ((1, "1"), (100, "0.92"), (500, "0.84")),
}
"""Unit → from this quantity on, this share of the list price."""

CONTRACT_SHARE = Decimal("0.92")
"""What customers with a contract pay of every standard price."""


@dataclass(frozen=True)
class Item:
    sku: str
    name: str
    unit: str
    price: str
    figure: str
    """Which drawing of its shelf."""
    description: str


@dataclass(frozen=True)
class Shelf:
    name: str
    commodity_code: str
    """UNSPSC class of everything on the shelf."""
    items: tuple[Item, ...]


def _items(*rows: tuple[str, str, str, str, str, str]) -> tuple[Item, ...]:
    return tuple(Item(*row) for row in rows)


SHELVES = (
    Shelf(
        "Fasteners",
        "31161600",
        _items(
            ("FA-1010", "Hex bolt M10 × 80, zinc", "box", "24.60", "bolt", "Grade 8.8, box of 50, with full thread."),
            ("FA-1025", "Wood screw 5 × 60", "box", "13.90", "screw", "Countersunk, yellow passivated, box of 200."),
            ("FA-1040", "Hex nut M10, zinc", "box", "9.40", "nut", "Class 8, box of 100."),
            ("FA-1055", "Flat washer M10", "box", "6.80", "washer", "Form A, zinc plated, box of 200."),
            ("FA-1070", "Wall anchor 10 mm", "box", "18.25", "anchor", "Nylon, with screw, box of 50."),
            ("FA-1085", "Threaded rod 1/2 in", "foot", "3.15", "rod", "Low carbon steel, cut to length."),
            ("FA-1090", "Eye bolt M12", "each", "7.95", "eyebolt", "Drop forged, working load 340 kg."),
        ),
    ),
    Shelf(
        "Hand tools",
        "27111700",
        _items(
            ("HT-2010", "Combination wrench 19 mm", "each", "21.50", "wrench", "Chrome vanadium, 12-point ring."),
            ("HT-2020", "Claw hammer 16 oz", "each", "28.90", "hammer", "Hickory handle, forged head."),
            ("HT-2030", "Screwdriver PH2", "each", "11.40", "screwdriver", "Magnetic tip, grip for both hands."),
            ("HT-2040", "Combination pliers 8 in", "each", "26.75", "pliers", "Induction hardened cutting edges."),
            ("HT-2050", "Tape measure 25 ft", "each", "17.20", "tape", "Stands out 9 ft, marked on both sides."),
            ("HT-2060", "Spirit level 24 in", "each", "39.00", "level", "Milled, three vials, 0.5 mm per metre."),
            ("HT-2070", "Utility knife", "each", "12.60", "knife", "Retracts by itself, five blades inside."),
        ),
    ),
    Shelf(
        "Safety gear",
        "46181500",
        _items(
            ("SG-3010", "Hard hat, vented", "each", "24.80", "hard-hat", "Ratchet band, four-point suspension."),
            ("SG-3020", "Safety goggles", "each", "9.75", "glasses", "Anti-fog, fit over spectacles."),
            ("SG-3030", "Work gloves, size 9", "pair", "6.40", "glove", "Goatskin palm, cotton back."),
            ("SG-3040", "High-visibility vest", "each", "13.30", "vest", "Class 2, two pockets, zip."),
            ("SG-3050", "Ear muffs 27 dB", "each", "22.10", "ear-muffs", "Folds flat, steel headband."),
            ("SG-3060", "Respirator mask", "box", "34.50", "respirator", "Filters 95 %, with valve, box of 10."),
            ("SG-3070", "Safety boots, size 10", "pair", "94.00", "boots", "Composite toe, waterproof."),
        ),
    ),
    Shelf(
        "Electrical",
        "26121600",
        _items(
            ("EL-4010", "Building wire 12 AWG", "foot", "0.86", "cable", "Stranded copper, 600 V, from the reel."),
            ("EL-4020", "LED lamp 9 W", "case", "64.00", "lamp", "2700 K, dimmable, case of 24."),
            ("EL-4030", "Duplex outlet 20 A", "each", "4.95", "outlet", "Tamper resistant, back-wired."),
            ("EL-4040", "Lever connector, 2 wires", "box", "27.40", "connector", "Reusable, 32 A, box of 50."),
            ("EL-4050", "Circuit breaker 20 A", "each", "16.90", "breaker", "One pole, thermal-magnetic."),
            ("EL-4060", "Digital multimeter", "each", "118.00", "multimeter", "True RMS, 600 V CAT III."),
            ("EL-4070", "Junction box 4 in", "each", "5.60", "junction-box", "Steel, knockouts on five sides."),
        ),
    ),
    Shelf(
        "Cleaning",
        "47131800",
        _items(
            ("CL-5010", "Surface cleaner, 32 oz", "case", "58.80", "spray", "Ready to use, case of 12."),
            ("CL-5020", "Degreaser, 1 gal", "each", "23.70", "jug", "Concentrate, makes 20 gallons."),
            ("CL-5030", "Mop bucket 14 qt", "each", "19.90", "bucket", "Steel handle, scale inside."),
            ("CL-5040", "Push broom 24 in", "each", "31.20", "broom", "Stiff bristles, braced handle."),
            ("CL-5050", "Paper towels, 2-ply", "case", "46.50", "towels", "Perforated, case of 30 rolls."),
            ("CL-5060", "Contractor bags 42 gal", "box", "28.40", "bags", "3 mil, box of 32."),
        ),
    ),
    Shelf(
        "Packing & storage",
        "24112500",
        _items(
            ("PS-6010", "Shipping box 18 × 12 × 12", "case", "49.50", "box", "Double wall, case of 25."),
            ("PS-6020", "Packing tape 2 in", "case", "72.00", "packing-tape", "Acrylic, quiet, case of 36."),
            ("PS-6030", "Stretch wrap 18 in", "case", "88.00", "wrap", "80 gauge, case of 4 rolls."),
            ("PS-6040", "Storage bin 20 qt", "each", "15.80", "bin", "Stacks and nests, with lid."),
            ("PS-6050", "Steel shelf, 4 levels", "each", "149.00", "shelf", "800 lb a level, no bolts."),
            ("PS-6060", "Shipping labels 4 × 6", "case", "94.60", "labels", "Direct thermal, case of 4 rolls."),
        ),
    ),
)


def catalog_make(
    *, organization: Organization, websites: list[Website], contract: CustomerGroup, now: datetime
) -> None:
    """Fill the shelves: products with pictures, the price list of both websites and the one of the contract group."""
    ProductUnit.objects.bulk_create(
        ProductUnit(organization=organization, code=code, name=name, uom_code=uom_code, precision=precision)
        for code, (name, uom_code, precision) in UNITS.items()
    )
    units = {unit.code: unit for unit in ProductUnit.objects.filter(organization=organization)}
    products = []
    for position, shelf in enumerate(SHELVES):
        slug = slugify(shelf.name)
        category = Category.objects.create(
            organization=organization, name=shelf.name, slug=slug, position=10 * (position + 1)
        )
        for item in shelf.items:
            picture = document_add(
                kind=DocumentKind.PICTURE,
                name=f"{item.sku.lower()}.svg",
                content_type="image/svg+xml",
                content=draw(shelf=slug, figure=item.figure, sku=item.sku),
                now=now,
            )
            products.append(
                Product(
                    organization=organization,
                    sku=item.sku,
                    name=item.name,
                    slug=slugify(f"{item.name} {item.sku}"),
                    description=item.description,
                    category=category,
                    unit=units[item.unit],
                    commodity_code=shelf.commodity_code,
                    picture=picture,
                )
            )
    Product.objects.bulk_create(products)
    _price_lists_make(organization=organization, websites=websites, contract=contract, products=products)


def _price_lists_make(
    *, organization: Organization, websites: list[Website], contract: CustomerGroup, products: list[Product]
) -> None:
    standard = PriceList.objects.create(organization=organization, name="Standard", currency=organization.currency)
    agreed = PriceList.objects.create(organization=organization, name="Contract", currency=organization.currency)
    PriceListAssignment.objects.bulk_create(
        [
            *(PriceListAssignment(price_list=standard, website=website) for website in websites),
            PriceListAssignment(price_list=agreed, group=contract),
        ]
    )
    list_prices = {item.sku: Decimal(item.price) for shelf in SHELVES for item in shelf.items}
    Price.objects.bulk_create(
        price
        for product in products
        for prices, share in ((standard, Decimal(1)), (agreed, CONTRACT_SHARE))
        for price in _tiers(prices=prices, product=product, one=list_prices[product.sku] * share)
    )


def _tiers(*, prices: PriceList, product: Product, one: Decimal) -> Iterator[Price]:
    for least, share in TIERS[product.unit.code]:
        yield Price(
            price_list=prices,
            product=product,
            unit=product.unit,
            min_quantity=Decimal(least),
            amount=rounded(one * Decimal(share), prices.currency),
        )
