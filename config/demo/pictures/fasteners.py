"""Drawings of the shelf "Fasteners"."""

_THREAD = "".join(f"M104 {step}l32 7" for step in range(138, 186, 11))
_ROD = "".join(f"M107 {step}l26 6" for step in range(38, 202, 11))
_EYE = "".join(f"M110 {step}l20 5" for step in range(134, 190, 10))

FIGURES = {
    "bolt": (
        '<g transform="rotate(32 120 120)"><path d="M84 42h72l9 10v28l-9 10H84l-9-10V52z" fill="$mid"/>'
        '<path d="M102 42h36v48h-36z" fill="$light"/><path d="M84 42h72l4 5H80z" fill="#fff" opacity=".35"/>'
        '<path d="M104 90h32v44h-32z" fill="$metal"/><path d="M104 134h32v52l-5 8h-22l-5-8z" fill="$steel"/>'
        f'<path d="{_THREAD}" stroke="$metal" stroke-width="5"/>'
        '<path d="M126 90h10v44h-10z" fill="$dark" opacity=".18"/></g>'
    ),
    "screw": (
        '<g transform="rotate(-28 120 120)"><path d="M80 46h80l-24 30h-32z" fill="$mid"/>'
        '<path d="M80 46h80l-6 8H86z" fill="$dark"/><path d="M106 76h28l-6 98-8 26-8-26z" fill="$metal"/>'
        '<path d="M106 92l28 10M107 110l26 9M108 128l24 8M109 146l21 7M111 164l17 6" stroke="$steel" '
        'stroke-width="6"/><path d="M122 76h12l-6 98-8 26z" fill="$dark" opacity=".14"/></g>'
    ),
    "nut": (
        '<path d="M46 94l36 38v60l-36-38zM194 94l-36 38v60l36-38z" fill="$dark"/>'
        '<path d="M82 132h76v60H82z" fill="$mid"/><path d="M82 56h76l36 38-36 38H82L46 94z" fill="$light"/>'
        '<path d="M82 56h76l6 6H76z" fill="#fff" opacity=".5"/><ellipse cx="120" cy="94" rx="42" ry="26" '
        'fill="$metal"/><ellipse cx="120" cy="95" rx="34" ry="20" fill="$dark"/>'
        '<path d="M88 101a34 20 0 0 0 64 0 42 14 0 0 0-64 0z" fill="$steel"/>'
        '<path d="M92 140h12v44H92z" fill="#fff" opacity=".25"/>'
    ),
    "washer": "".join(
        f'<ellipse cx="{x}" cy="{y + 9}" rx="60" ry="29" fill="$dark"/><ellipse cx="{x}" cy="{y}" rx="60" ry="29" '
        f'fill="{tone}"/><ellipse cx="{x}" cy="{y}" rx="26" ry="12" fill="$dark"/>'
        f'<path d="M{x - 25} {y + 2}a26 12 0 0 0 50 0a30 10 0 0 0-50 0z" fill="$ground"/>'
        f'<path d="M{x - 50} {y - 6}a54 24 0 0 1 60-20" fill="none" stroke="#fff" stroke-width="4" opacity=".5"/>'
        for x, y, tone in ((122, 162, "$mid"), (114, 130, "$light"), (124, 98, "$metal"), (118, 66, "$mid"))
    ),
    "anchor": (
        '<g transform="rotate(-34 120 120)"><path d="M92 50h56v12l-10 8v92l-10 32h-16l-10-32V70l-10-8z" fill="$mid"/>'
        '<path d="M117 104h6v90h-6z" fill="$ground"/><path d="M102 84h36M102 98h36" stroke="$dark" stroke-width="5"/>'
        '<path d="M102 116l-9 10 9 10zM102 142l-9 10 9 10zM138 116l9 10-9 10zM138 142l9 10-9 10z" fill="$light"/>'
        '<ellipse cx="120" cy="48" rx="36" ry="12" fill="$metal"/>'
        '<path d="M108 48h24M120 43v10" stroke="$steel" stroke-width="4"/></g>'
    ),
    "rod": (
        '<g transform="rotate(48 120 120)"><rect x="107" y="24" width="26" height="192" rx="4" fill="$metal"/>'
        f'<path d="{_ROD}" stroke="$steel" stroke-width="5"/>'
        '<path d="M98 96h44l8 8v26l-8 8H98l-8-8v-26z" fill="$mid"/><path d="M106 96h28v42h-28z" fill="$light"/>'
        '<path d="M122 24h11v192h-11z" fill="$dark" opacity=".13"/></g>'
    ),
    "eyebolt": (
        '<g transform="rotate(18 120 120)"><circle cx="120" cy="80" r="34" fill="none" stroke="$mid" '
        'stroke-width="20"/><path d="M90 66a34 34 0 0 1 30-20" fill="none" stroke="$light" stroke-width="7" '
        'stroke-linecap="round"/><path d="M98 112h44l6 14H92z" fill="$dark"/>'
        '<rect x="110" y="126" width="20" height="72" rx="4" fill="$metal"/>'
        f'<path d="{_EYE}" stroke="$steel" stroke-width="4"/></g>'
    ),
}
