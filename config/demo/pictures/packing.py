"""Drawings of the shelf "Packing & storage"."""

FIGURES = {
    "box": (
        '<path d="M120 50l72 32-72 34-72-34z" fill="$light"/><path d="M48 82l72 34v82l-72-34z" fill="$mid"/>'
        '<path d="M192 82l-72 34v82l72-34z" fill="$dark"/>'
        '<path d="M78 68l72 34v24l12-6V96L90 63z" fill="#fff" opacity=".75"/>'
        '<path d="M60 150l24 12v18l-24-12z" fill="#fff" opacity=".8"/>'
    ),
    "packing-tape": (
        '<ellipse cx="124" cy="122" rx="66" ry="70" fill="$dark"/><ellipse cx="108" cy="118" rx="66" ry="70" '
        'fill="$mid"/><ellipse cx="108" cy="118" rx="54" ry="58" fill="none" stroke="$light" stroke-width="4"/>'
        '<ellipse cx="108" cy="118" rx="36" ry="39" fill="$light"/><ellipse cx="110" cy="118" rx="28" ry="32" '
        'fill="$ground"/><path d="M112 188h84v-14l8 8-6 6 6 8h-80z" fill="$mid"/>'
    ),
    "wrap": (
        '<rect x="110" y="30" width="24" height="178" rx="8" fill="$dark"/>'
        '<path d="M74 62h96v116a48 15 0 0 1-96 0z" fill="$light"/>'
        '<path d="M138 62h32v116a48 15 0 0 1-32 14z" fill="$mid" opacity=".6"/>'
        '<path d="M74 92a48 15 0 0 0 96 0M74 122a48 15 0 0 0 96 0M74 152a48 15 0 0 0 96 0" fill="none" stroke="#fff" '
        'stroke-width="3" opacity=".8"/><ellipse cx="122" cy="62" rx="48" ry="15" fill="#fff"/>'
        '<ellipse cx="122" cy="62" rx="20" ry="7" fill="$mid"/><rect x="112" y="30" width="20" height="32" rx="8" '
        'fill="$dark"/><path d="M170 84l30 6v96l-30-8z" fill="#fff" opacity=".55"/>'
    ),
    "bin": (
        '<path d="M46 88h148l-14 96a12 12 0 0 1-12 10H72a12 12 0 0 1-12-10z" fill="$mid"/>'
        '<path d="M60 184l-10-72h140l-10 72a12 12 0 0 1-12 10H72a12 12 0 0 1-12-10z" fill="$light" opacity=".35"/>'
        '<path d="M38 74h164a6 6 0 0 1 6 6v10a6 6 0 0 1-6 6H38a6 6 0 0 1-6-6V80a6 6 0 0 1 6-6z" fill="$dark"/>'
        '<path d="M58 58h124l12 16H46z" fill="$light"/><rect x="92" y="122" width="56" height="34" rx="5" '
        'fill="#fff"/><path d="M102 134h36M102 144h22" stroke="$mid" stroke-width="4"/>'
        '<path d="M72 108l8 74M168 108l-8 74" stroke="$dark" stroke-width="4" opacity=".35"/>'
    ),
    "shelf": (
        '<path d="M58 40h12v160H58zM170 40h12v160h-12z" fill="$dark"/>'
        '<path d="M52 92h136v10H52zM52 142h136v10H52zM52 188h136v10H52z" fill="$mid"/>'
        '<path d="M52 48h136v8H52z" fill="$mid"/><rect x="78" y="64" width="36" height="28" rx="3" fill="$light"/>'
        '<rect x="122" y="72" width="26" height="20" rx="3" fill="$metal"/><rect x="80" y="118" width="24" height="24" '
        'rx="3" fill="$metal"/><rect x="110" y="108" width="46" height="34" rx="3" fill="$light"/>'
        '<rect x="78" y="164" width="44" height="24" rx="3" fill="$light"/><rect x="130" y="158" width="28" '
        'height="30" rx="3" fill="$metal"/><path d="M128 108v34M94 164v24" stroke="#fff" stroke-width="5"/>'
    ),
    "labels": (
        '<path d="M126 186h86l-10-28h-84z" fill="#fff"/><path d="M136 166h18v14h-14zM164 166h18l4 14h-18z" '
        'fill="$light"/><ellipse cx="120" cy="118" rx="70" ry="70" fill="$mid"/>'
        '<ellipse cx="110" cy="116" rx="66" ry="68" fill="#fff"/><ellipse cx="110" cy="116" rx="54" ry="56" '
        'fill="none" stroke="$light" stroke-width="4"/><ellipse cx="110" cy="116" rx="44" ry="46" fill="none" '
        'stroke="$light" stroke-width="4"/><ellipse cx="110" cy="116" rx="32" ry="34" fill="$mid"/>'
        '<ellipse cx="110" cy="116" rx="24" ry="26" fill="$ground"/>'
    ),
}
