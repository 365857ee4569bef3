"""Drawings of the shelf "Hand tools"."""

FIGURES = {
    "wrench": (
        '<g transform="rotate(38 120 120)"><path d="M108 72h24v104h-24z" fill="$steel"/>'
        '<path d="M90 72a34 34 0 0 1 12-50v30l18 12 18-12V22a34 34 0 0 1 12 50l-18 16h-24z" fill="$metal"/>'
        '<circle cx="120" cy="186" r="28" fill="$metal"/><circle cx="120" cy="186" r="14" fill="$ground"/>'
        '<rect x="114" y="92" width="12" height="60" rx="6" fill="$mid"/></g>'
    ),
    "hammer": (
        '<g transform="rotate(26 120 120)"><path d="M110 84h20l4 112a8 8 0 0 1-8 8h-12a8 8 0 0 1-8-8z" '
        'fill="$light"/><path d="M107 144h26l1 52a8 8 0 0 1-8 8h-12a8 8 0 0 1-8-8z" fill="$mid"/>'
        '<path d="M66 48h16v44H66a6 6 0 0 1-6-6V54a6 6 0 0 1 6-6z" fill="$metal"/>'
        '<path d="M82 52h56c24 0 40 12 50 36-20-12-34-12-50 0H82z" fill="$steel"/>'
        '<path d="M82 52h56c10 0 20 3 28 8H82z" fill="#fff" opacity=".3"/></g>'
    ),
    "screwdriver": (
        '<g transform="rotate(36 120 120)"><rect x="97" y="26" width="46" height="84" rx="18" fill="$mid"/>'
        '<path d="M108 38v58M120 36v62M132 38v58" stroke="$dark" stroke-width="5" stroke-linecap="round"/>'
        '<path d="M104 104h32l-4 18h-24z" fill="$light"/><path d="M114 122h12v62h-12z" fill="$metal"/>'
        '<path d="M111 184h18l-4 24h-10z" fill="$steel"/></g>'
    ),
    "pliers": (
        '<g transform="rotate(14 120 116)"><path d="M106 106l4-50c1-16 6-24 10-26v82z" fill="$metal"/>'
        '<path d="M134 106l-4-50c-1-16-6-24-10-26v82z" fill="$steel"/>'
        '<path d="M110 62h20M110 70h20M110 78h20" stroke="$dark" stroke-width="2" opacity=".5"/>'
        '<path d="M108 100c6 10 22 14 30 26 12 18 16 44 14 78a9 9 0 0 1-18 0c0-30-4-48-14-60-12-12-22-22-24-36z" '
        'fill="$mid"/><path d="M132 100c-6 10-22 14-30 26-12 18-16 44-14 78a9 9 0 0 0 18 0c0-30 4-48 14-60 12-12 22-22 '
        '24-36z" fill="$light"/><circle cx="120" cy="110" r="14" fill="$dark"/><circle cx="120" cy="110" r="6" '
        'fill="$metal"/></g>'
    ),
    "tape": (
        '<path d="M30 166h60v16H36l-6 6z" fill="#fff"/><path d="M42 166v8M54 166v8M66 166v8" stroke="$dark" '
        'stroke-width="3"/><path d="M70 86a32 32 0 0 1 32-32h40a56 56 0 0 1 56 56v58a16 16 0 0 1-16 16H86a16 16 0 0 '
        '1-16-16z" fill="$mid"/><path d="M70 164h128v4a16 16 0 0 1-16 16H86a16 16 0 0 1-16-16z" fill="$dark"/>'
        '<circle cx="134" cy="110" r="38" fill="$light"/><circle cx="134" cy="110" r="26" fill="#fff"/>'
        '<path d="M126 98h10v24M128 122h16" fill="none" stroke="$dark" stroke-width="5"/>'
    ),
    "level": (
        '<g transform="rotate(-14 120 120)"><rect x="28" y="88" width="184" height="60" rx="8" fill="$mid"/>'
        '<path d="M28 138h184v2a8 8 0 0 1-8 8H36a8 8 0 0 1-8-8z" fill="$dark"/>'
        '<rect x="90" y="98" width="60" height="30" rx="15" fill="#e9f6c9"/><ellipse cx="120" cy="111" rx="13" ry="8" '
        'fill="#fff"/><path d="M105 98v30M135 98v30" stroke="$dark" stroke-width="3"/>'
        '<circle cx="56" cy="114" r="15" fill="#e9f6c9"/><path d="M52 99v30M60 99v30" stroke="$dark" stroke-width="3"/>'
        '<circle cx="184" cy="114" r="15" fill="#e9f6c9"/><path d="M169 110h30M169 118h30" stroke="$dark" '
        'stroke-width="3"/></g>'
    ),
    "knife": (
        '<g transform="rotate(-40 120 120)"><path d="M26 106h74v32H48z" fill="$metal"/>'
        '<path d="M64 106l-14 32M82 106l-14 32" stroke="$steel" stroke-width="3"/>'
        '<path d="M96 98h96c14 0 22 8 22 22s-8 24-22 24H96z" fill="$mid"/>'
        '<path d="M96 132h117c-3 8-11 12-21 12H96z" fill="$dark"/>'
        '<rect x="112" y="108" width="46" height="14" rx="7" fill="$light"/>'
        '<circle cx="194" cy="120" r="8" fill="$ground"/></g>'
    ),
}
