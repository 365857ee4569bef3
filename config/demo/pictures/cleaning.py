"""Drawings of the shelf "Cleaning"."""

_BRISTLES = "".join(f"M{x} 156l{(x - 120) // 8} 42" for x in range(82, 164, 11))

FIGURES = {
    "spray": (
        '<path d="M96 34h48c14 0 20 8 22 22h-28v22H98V56H82c2-12 6-22 14-22z" fill="$mid"/>'
        '<path d="M82 46H66v12h18z" fill="$dark"/><path d="M138 58h16c2 14-2 24-10 34h-10z" fill="$dark"/>'
        '<path d="M98 76h40c2 22 26 30 26 58v54a12 12 0 0 1-12 12H84a12 12 0 0 1-12-12v-54c0-28 24-36 26-58z" '
        'fill="#fff"/><path d="M72 132h92v56a12 12 0 0 1-12 12H84a12 12 0 0 1-12-12z" fill="$light"/>'
        '<rect x="84" y="142" width="68" height="40" rx="6" fill="$mid"/><path d="M94 156h48M94 168h30" stroke="#fff" '
        'stroke-width="5" stroke-linecap="round"/><path d="M44 42l10 4M40 54h12M46 66l10-4" stroke="$mid" '
        'stroke-width="4" stroke-linecap="round"/>'
    ),
    "jug": (
        '<rect x="86" y="36" width="34" height="20" rx="5" fill="$dark"/>'
        '<path d="M88 56h30c4 14 20 16 40 18 16 2 22 12 22 26v86a12 12 0 0 1-12 12H72a12 12 0 0 1-12-12v-84c0-24 24-26 '
        '28-46z" fill="$mid"/><path d="M136 86h14c8 0 14 6 14 14v38h-16c-10 0-16-10-16-20z" fill="$ground"/>'
        '<path d="M74 96c2-10 8-16 14-22" fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round" '
        'opacity=".6"/><rect x="72" y="146" width="92" height="38" rx="6" fill="#fff"/>'
        '<path d="M92 156c8 8 8 18 0 20-8-2-8-12 0-20z" fill="$mid"/><path d="M110 160h42M110 170h28" stroke="$light" '
        'stroke-width="5" stroke-linecap="round"/>'
    ),
    "bucket": (
        '<path d="M62 92c-8-74 124-74 116 0" fill="none" stroke="$steel" stroke-width="7"/>'
        '<path d="M54 88h132l-16 100a12 12 0 0 1-12 10H82a12 12 0 0 1-12-10z" fill="$mid"/>'
        '<path d="M146 88h40l-16 100a12 12 0 0 1-12 10h-20z" fill="$dark" opacity=".2"/>'
        '<ellipse cx="120" cy="88" rx="66" ry="19" fill="$light"/><ellipse cx="120" cy="91" rx="55" ry="13" '
        'fill="$dark"/><path d="M67 94a55 13 0 0 0 106 0 60 10 0 0 0-106 0z" fill="$water"/>'
        '<circle cx="96" cy="80" r="10" fill="#fff"/><circle cx="112" cy="76" r="14" fill="#fff"/><circle cx="130" '
        'cy="82" r="9" fill="#fff"/>'
    ),
    "broom": (
        '<g transform="rotate(24 120 120)"><rect x="113" y="14" width="14" height="112" rx="7" fill="$light"/>'
        '<path d="M96 122h48l12 22H84z" fill="$dark"/><path d="M82 144h76l8 56H74z" fill="$mid"/>'
        f'<path d="{_BRISTLES}" stroke="$light" stroke-width="4" stroke-linecap="round"/></g>'
    ),
    "towels": (
        '<path d="M118 66h54v116h-54z" fill="#fff"/><path d="M126 182h52v12l-8-5-8 5-8-5-8 5-8-5-8 5z" fill="#fff"/>'
        '<path d="M64 62h108v120a54 18 0 0 1-108 0z" fill="#fff"/>'
        '<path d="M140 72h32v110a54 18 0 0 1-32 15z" fill="$light" opacity=".55"/>'
        '<path d="M64 104a54 18 0 0 0 108 0M64 144a54 18 0 0 0 108 0" fill="none" stroke="$light" stroke-width="3" '
        'stroke-dasharray="6 6"/><ellipse cx="118" cy="62" rx="54" ry="20" fill="$light"/>'
        '<ellipse cx="118" cy="62" rx="38" ry="13" fill="none" stroke="#fff" stroke-width="3"/>'
        '<ellipse cx="118" cy="62" rx="17" ry="7" fill="$dark"/>'
    ),
    "bags": (
        '<path d="M84 76c-30 24-38 60-34 94 2 18 12 26 30 26h80c18 0 28-8 30-26 4-34-4-70-34-94z" fill="$mid"/>'
        '<path d="M150 76c32 22 42 58 38 94-2 18-10 26-28 26h-22c20-36 22-84 12-120z" fill="$dark" opacity=".25"/>'
        '<path d="M84 76l-16-26c14-4 20 6 28 2s12-14 24-14 16 10 24 14 14-6 28-2l-16 26z" fill="$mid"/>'
        '<path d="M82 72h76v12H82z" fill="$light"/><path d="M76 120c-6 18-6 36-2 52M100 108c-4 10-6 22-6 32" '
        'fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round" opacity=".45"/>'
    ),
}
