"""Product pictures without photographs: calm drawings, coloured by the shelf and shaped by the SKU."""

import hashlib

PALETTES = [
    ("#e6f1ef", "#2f7f79", "#8cc5bd"),
    ("#eef0f8", "#4a5fa5", "#a9b6dc"),
    ("#f8f0e6", "#b0702c", "#e2bd8e"),
    ("#f6ecef", "#9c4663", "#dba5b7"),
    ("#eaf2e6", "#4f7f36", "#a8cb94"),
    ("#eef1f4", "#46596b", "#a5b4c2"),
    ("#f3eef8", "#71519e", "#bfaadb"),
]
"""Background, main colour, second colour."""

SIZE = 240


def draw(*, sku: str, shelf: str) -> str:
    """An SVG of 240 × 240 units; the same SKU and shelf give the same bytes."""
    seed = hashlib.sha256(sku.encode()).digest()
    ground, main, second = PALETTES[hashlib.sha256(shelf.encode()).digest()[0] % len(PALETTES)]
    shape = SHAPES[seed[0] % len(SHAPES)]
    turn = seed[1] % 24 - 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" role="img">'
        f'<rect width="{SIZE}" height="{SIZE}" fill="{ground}"/>'
        f'<ellipse cx="120" cy="196" rx="{58 + seed[2] % 20}" ry="8" fill="{main}" opacity=".12"/>'
        f'<g transform="rotate({turn} 120 120)" stroke-linejoin="round" stroke-linecap="round">'
        f"{shape(main=main, second=second, seed=seed)}</g></svg>"
    )


def _box(*, main: str, second: str, seed: bytes) -> str:
    tall = 60 + seed[3] % 40
    top = 180 - tall
    return (
        f'<path d="M62 {top}l58-26 58 26v{tall - 8}l-58 26-58-26z" fill="{second}"/>'
        f'<path d="M62 {top}l58 26 58-26M120 {top + 26}v{tall - 8}" fill="none" stroke="{main}" stroke-width="5"/>'
        f'<path d="M62 {top}l58-26 58 26v{tall - 8}l-58 26-58-26z" fill="none" stroke="{main}" stroke-width="5"/>'
    )


def _bolt(*, main: str, second: str, seed: bytes) -> str:
    long = 60 + seed[3] % 40
    threads = "".join(
        f'<path d="M104 {106 + step}l32 8" stroke="{main}" stroke-width="4"/>' for step in range(0, long - 12, 13)
    )
    return (
        f'<path d="M120 50l38 20v22l-38 14-38-14V70z" fill="{second}" stroke="{main}" stroke-width="5"/>'
        f'<rect x="104" y="98" width="32" height="{long}" rx="6" fill="{second}" stroke="{main}" stroke-width="5"/>'
        f"{threads}"
    )


def _gear(*, main: str, second: str, seed: bytes) -> str:
    teeth = 8 + seed[3] % 5
    cogs = "".join(
        f'<rect x="111" y="48" width="18" height="26" rx="5" fill="{main}" '
        f'transform="rotate({360 * index // teeth} 120 120)"/>'
        for index in range(teeth)
    )
    hole = 18 + seed[4] % 14
    return (
        f'{cogs}<circle cx="120" cy="120" r="54" fill="{second}" stroke="{main}" stroke-width="6"/>'
        f'<circle cx="120" cy="120" r="{hole}" fill="#fff" stroke="{main}" stroke-width="6"/>'
    )


def _bottle(*, main: str, second: str, seed: bytes) -> str:
    full = 118 + seed[3] % 30
    return (
        f'<rect x="104" y="44" width="32" height="22" rx="5" fill="{main}"/>'
        f'<path d="M108 66h24l4 18c14 8 20 18 20 34v52a16 16 0 0 1-16 16h-40a16 16 0 0 1-16-16v-52c0-16 6-26 20-34z"'
        f' fill="#fff" stroke="{main}" stroke-width="5"/>'
        f'<path d="M86 {full}h68v48a14 14 0 0 1-14 14h-40a14 14 0 0 1-14-14z" fill="{second}"/>'
    )


def _coil(*, main: str, second: str, seed: bytes) -> str:
    rings = "".join(
        f'<circle cx="120" cy="120" r="{radius}" fill="none" stroke="{main if index % 2 else second}" '
        'stroke-width="9"/>'
        for index, radius in enumerate(range(26 + seed[3] % 6, 72, 11))
    )
    return f'{rings}<path d="M120 190c26 0 50-4 66-12" fill="none" stroke="{main}" stroke-width="9"/>'


def _panel(*, main: str, second: str, seed: bytes) -> str:
    keys = "".join(
        f'<rect x="{72 + 34 * column}" y="{112 + 26 * row}" width="26" height="18" rx="4" '
        f'fill="{main if (seed[5 + row] >> column) & 1 else second}"/>'
        for row in range(2)
        for column in range(3)
    )
    return (
        f'<rect x="58" y="52" width="124" height="124" rx="14" fill="#fff" stroke="{main}" stroke-width="5"/>'
        f'<rect x="72" y="68" width="96" height="30" rx="6" fill="{second}"/>{keys}'
    )


SHAPES = [_box, _bolt, _gear, _bottle, _coil, _panel]
