"""Product pictures of the demo company: drawn by hand in code, coloured by the shelf, each thing recognisable.

Colours and frame are here, what stands in the frame is in one module per shelf: fragments of SVG on a canvas of
240 × 240 units, with `$light`, `$mid`, `$dark` for the colours of the shelf. Only presentation attributes are used: a
strict content security policy lets no style in.
"""

import hashlib
from string import Template

from config.demo.pictures import cleaning, electrical, fasteners, packing, safety, tools

FIGURES: dict[str, dict[str, str]] = {
    "fasteners": fasteners.FIGURES,
    "hand-tools": tools.FIGURES,
    "safety-gear": safety.FIGURES,
    "electrical": electrical.FIGURES,
    "cleaning": cleaning.FIGURES,
    "packing-storage": packing.FIGURES,
}
"""Shelf → thing → drawing."""

COLORS: dict[str, dict[str, str]] = {
    "fasteners": {"ground": "#eef2f6", "soft": "#dde6ee", "light": "#a9bfd3", "mid": "#557a9c", "dark": "#2e4a66"},
    "hand-tools": {"ground": "#fbf1e8", "soft": "#f6e0cb", "light": "#f2b988", "mid": "#d9772f", "dark": "#8c4413"},
    "safety-gear": {"ground": "#fdf6e0", "soft": "#f9e9b8", "light": "#fbd86b", "mid": "#eaae1d", "dark": "#8a5f06"},
    "electrical": {"ground": "#eeeff9", "soft": "#dcdef3", "light": "#b0b6e6", "mid": "#5f68bd", "dark": "#343a7d"},
    "cleaning": {"ground": "#e7f4f2", "soft": "#cfe9e5", "light": "#93d1c8", "mid": "#2b9488", "dark": "#155b53"},
    "packing-storage": {
        "ground": "#f7f1ea",
        "soft": "#ecdfcf",
        "light": "#e2c39d",
        "mid": "#c1915a",
        "dark": "#855c2f",
    },
}
SHARED = {"metal": "#d5dde4", "steel": "#97a6b3", "glow": "#ffe9a3", "water": "#a7dbe8"}

FRAME = Template(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240">'
    '<rect width="240" height="240" fill="$ground"/><circle cx="$x" cy="$y" r="$r" fill="$soft"/>'
    '<circle cx="$dot_x" cy="$dot_y" r="$dot_r" fill="$soft"/>'
    '<g transform="translate(22 21) scale(.82)">'
    '<ellipse cx="120" cy="204" rx="66" ry="9" fill="$dark" opacity=".14"/>$figure</g></svg>'
)
"""Room is left above and below: lists crop pictures to 4:3."""


def draw(*, shelf: str, figure: str, sku: str) -> bytes:
    """The picture of one thing as SVG. The SKU moves the background a little; equal arguments give equal bytes."""
    seed = hashlib.sha256(sku.encode()).digest()
    colors = COLORS[shelf] | SHARED
    background = {
        "x": str(112 + seed[0] % 17),
        "y": str(108 + seed[1] % 17),
        "r": str(84 + seed[2] % 9),
        "dot_x": str((26, 214)[seed[3] % 2]),
        "dot_y": str(28 + seed[4] % 40),
        "dot_r": str(7 + seed[5] % 8),
    }
    drawn = Template(FIGURES[shelf][figure]).substitute(colors)
    return FRAME.substitute(colors, figure=drawn, **background).encode()
