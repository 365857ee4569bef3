"""Drawings of the shelf "Electrical"."""

FIGURES = {
    "cable": (
        '<ellipse cx="160" cy="118" rx="30" ry="72" fill="$dark"/>'
        '<path d="M84 72h76a20 46 0 0 1 0 92H84z" fill="$mid"/>'
        '<path d="M98 72a20 46 0 0 1 0 92M114 72a20 46 0 0 1 0 92M130 72a20 46 0 0 1 0 92M146 72a20 46 0 0 1 0 92" '
        'fill="none" stroke="$dark" stroke-width="3" opacity=".5"/>'
        '<path d="M140 164c30 16 44 26 64 20" fill="none" stroke="$mid" stroke-width="9" stroke-linecap="round"/>'
        '<ellipse cx="84" cy="118" rx="30" ry="72" fill="$light"/><ellipse cx="84" cy="118" rx="22" ry="60" '
        'fill="none" stroke="#fff" stroke-width="4" opacity=".5"/><ellipse cx="84" cy="118" rx="9" ry="22" '
        'fill="$dark"/>'
    ),
    "lamp": (
        '<path d="M120 38a58 58 0 0 1 34 105c-6 5-8 9-8 17H94c0-8-2-12-8-17a58 58 0 0 1 34-105z" fill="$glow"/>'
        '<path d="M80 92a42 42 0 0 1 26-36" fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round"/>'
        '<path d="M104 104l16 14 16-14M120 118v40" fill="none" stroke="$mid" stroke-width="5"/>'
        '<path d="M90 156h60l-6 22H96z" fill="$mid"/><path d="M98 178h44v8H98zM101 188h38v7h-38z" fill="$steel"/>'
        '<path d="M108 196h24l-6 8h-12z" fill="$dark"/>'
    ),
    "outlet": (
        '<path d="M76 46h92a12 12 0 0 1 12 12v124a12 12 0 0 1-12 12H76z" fill="$dark" opacity=".3"/>'
        '<rect x="64" y="42" width="104" height="152" rx="12" fill="#fff"/>'
        '<rect x="84" y="58" width="64" height="52" rx="20" fill="$light"/><rect x="84" y="126" width="64" height="52" '
        'rx="20" fill="$light"/><path d="M104 70v18M128 70v18M104 138v18M128 138v18" stroke="$dark" '
        'stroke-width="7"/><circle cx="116" cy="99" r="5" fill="$dark"/><circle cx="116" cy="167" r="5" '
        'fill="$dark"/><circle cx="116" cy="118" r="5" fill="$metal"/>'
    ),
    "connector": (
        '<path d="M60 112l76-34 52 24v58l-76 34-52-24z" fill="$metal"/><path d="M60 112l52 24v58l-52-24z" '
        'fill="#fff"/><path d="M112 136l76-34v58l-76 34z" fill="$steel"/>'
        '<g fill="$mid"><path d="M78 104l20-9 52 23-20 10z"/><path d="M104 92l20-9 52 24-20 9z"/></g>'
        '<g fill="$light"><path d="M78 104l8-28 20-9-8 28zM104 92l10-28 20-9-10 28z"/></g>'
        '<circle cx="76" cy="148" r="8" fill="$dark"/><circle cx="98" cy="158" r="8" fill="$dark"/>'
        '<path d="M76 148c-18 8-26 18-44 18M98 158c-18 12-26 28-46 32" fill="none" stroke="$mid" stroke-width="8" '
        'stroke-linecap="round"/>'
    ),
    "breaker": (
        '<path d="M150 50l30 14v122l-30 12z" fill="$dark"/><rect x="72" y="50" width="78" height="148" rx="5" '
        'fill="$mid"/><path d="M72 96h78v56H72z" fill="$light"/><rect x="94" y="100" width="34" height="48" rx="4" '
        'fill="$dark"/><rect x="98" y="100" width="26" height="24" rx="3" fill="#fff"/>'
        '<path d="M84 162h54v22H84z" fill="#fff"/><path d="M90 170h28M90 177h18" stroke="$mid" stroke-width="3"/>'
        '<circle cx="111" cy="70" r="10" fill="$metal"/><path d="M104 70h14" stroke="$dark" stroke-width="3"/>'
    ),
    "multimeter": (
        '<path d="M86 190c-40 10-46-20-42-50M154 190c40 10 46-20 42-50" fill="none" stroke="$dark" stroke-width="6" '
        'stroke-linecap="round"/><rect x="74" y="38" width="92" height="156" rx="18" fill="$mid"/>'
        '<rect x="82" y="46" width="76" height="140" rx="12" fill="$dark"/>'
        '<rect x="90" y="56" width="60" height="34" rx="5" fill="$glow"/>'
        '<path d="M100 66v16M112 66h8v8h-8v8h8M134 66h-6v16h8v-8h-8" fill="none" stroke="$dark" stroke-width="3"/>'
        '<circle cx="120" cy="124" r="24" fill="$light"/><path d="M120 124l12-14" stroke="$dark" stroke-width="7" '
        'stroke-linecap="round"/><circle cx="102" cy="170" r="7" fill="$mid"/><circle cx="138" cy="170" r="7" '
        'fill="$metal"/>'
    ),
    "junction-box": (
        '<path d="M120 46l72 36-72 36-72-36z" fill="$light"/><path d="M48 82l72 36v78l-72-36z" fill="$mid"/>'
        '<path d="M192 82l-72 36v78l72-36z" fill="$dark"/>'
        '<path d="M120 58l50 24-50 24-50-24z" fill="$metal"/><path d="M82 82h8M150 82h8M120 66v6M120 92v6" '
        'stroke="$dark" stroke-width="5"/><ellipse cx="84" cy="138" rx="16" ry="22" fill="$light" '
        'transform="rotate(-14 84 138)"/><ellipse cx="84" cy="138" rx="8" ry="12" fill="$dark" '
        'transform="rotate(-14 84 138)"/><ellipse cx="156" cy="138" rx="16" ry="22" fill="$mid" '
        'transform="rotate(14 156 138)"/>'
    ),
}
