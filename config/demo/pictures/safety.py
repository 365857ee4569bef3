"""Drawings of the shelf "Safety gear"."""

FIGURES = {
    "hard-hat": (
        '<path d="M54 152a66 76 0 0 1 132 0z" fill="$mid"/><path d="M66 118a58 66 0 0 1 30-32" fill="none" '
        'stroke="#fff" stroke-width="7" stroke-linecap="round" opacity=".6"/>'
        '<path d="M104 78q16-10 32 0v74h-32z" fill="$light"/><path d="M150 88a66 70 0 0 1 36 64h-24z" fill="$dark" '
        'opacity=".2"/><path d="M40 152h160a10 10 0 0 1 0 20c-40 10-120 10-160 0a10 10 0 0 1 0-20z" fill="$dark"/>'
    ),
    "glasses": (
        '<path d="M44 96l-14 20M196 96l14 20" stroke="$dark" stroke-width="10" stroke-linecap="round"/>'
        '<path d="M40 94h160v10c0 40-14 58-42 58-20 0-28-14-38-32-10 18-18 32-38 32-28 0-42-18-42-58z" fill="$light" '
        'stroke="$dark" stroke-width="9" stroke-linejoin="round"/>'
        '<path d="M58 110l22 36M74 108l16 26M142 110l20 34M158 108l14 24" stroke="#fff" stroke-width="7" '
        'stroke-linecap="round" opacity=".75"/><path d="M36 92h168" stroke="$mid" stroke-width="12" '
        'stroke-linecap="round"/>'
    ),
    "glove": (
        '<g transform="rotate(-10 120 120)"><g fill="$mid"><rect x="82" y="62" width="22" height="80" rx="11"/>'
        '<rect x="106" y="48" width="22" height="90" rx="11"/><rect x="130" y="56" width="22" height="84" rx="11"/>'
        '<rect x="154" y="78" width="20" height="64" rx="10"/><path d="M82 108h92v44a22 22 0 0 1-22 22h-48a22 22 0 0 '
        '1-22-22z"/></g><rect x="56" y="98" width="24" height="62" rx="12" transform="rotate(-32 68 129)" '
        'fill="$mid"/><path d="M92 124h72v24a18 18 0 0 1-18 18h-36a18 18 0 0 1-18-18z" fill="$light"/>'
        '<rect x="86" y="170" width="84" height="28" rx="7" fill="$dark"/>'
        '<path d="M86 184h84" stroke="$light" stroke-width="4"/></g>'
    ),
    "vest": (
        '<path d="M82 44h22l16 34 16-34h22l26 36-14 22v94H70v-94L56 80z" fill="$mid"/>'
        '<path d="M120 78v118h50v-94l14-22-26-36h-22z" fill="$dark" opacity=".14"/>'
        '<path d="M70 122h100v18H70zM70 160h100v18H70z" fill="#fff"/>'
        '<path d="M70 126h100v10H70zM70 164h100v10H70z" fill="$light"/>'
        '<path d="M86 46l10 0v76H86zM144 46h10v76h-10z" fill="#fff" opacity=".85"/>'
        '<path d="M120 78v118" stroke="$dark" stroke-width="4"/>'
    ),
    "ear-muffs": (
        '<path d="M68 132v-18a52 56 0 0 1 104 0v18" fill="none" stroke="$dark" stroke-width="14"/>'
        '<path d="M74 104a46 50 0 0 1 46-46" fill="none" stroke="$light" stroke-width="5" stroke-linecap="round"/>'
        '<rect x="84" y="122" width="18" height="62" rx="9" fill="$dark"/><rect x="138" y="122" width="18" height="62" '
        'rx="9" fill="$dark"/><rect x="46" y="116" width="42" height="74" rx="20" fill="$mid"/>'
        '<rect x="152" y="116" width="42" height="74" rx="20" fill="$mid"/>'
        '<rect x="56" y="130" width="12" height="46" rx="6" fill="$light"/><rect x="172" y="130" width="12" '
        'height="46" rx="6" fill="$light"/>'
    ),
    "respirator": (
        '<path d="M72 104C40 84 38 70 46 60M168 104c32-20 34-34 26-44M70 142c-24 10-30 22-26 34M170 142c24 10 30 22 26 '
        '34" fill="none" stroke="$mid" stroke-width="7" stroke-linecap="round"/>'
        '<path d="M120 60c34 0 56 22 60 58-4 40-28 66-60 74-32-8-56-34-60-74 4-36 26-58 60-58z" fill="#fff"/>'
        '<path d="M120 60c34 0 56 22 60 58-4 40-28 66-60 74z" fill="$light" opacity=".45"/>'
        '<path d="M66 100c30-20 78-20 108 0" fill="none" stroke="$light" stroke-width="5"/>'
        '<rect x="102" y="54" width="36" height="10" rx="5" fill="$metal"/>'
        '<rect x="96" y="116" width="48" height="40" rx="12" fill="$mid"/>'
        '<path d="M106 128h28M106 136h28M106 144h28" stroke="$light" stroke-width="4"/>'
    ),
    "boots": (
        '<path d="M88 44h52v76c6 10 30 14 44 24 8 6 10 16 10 30H88z" fill="$mid"/>'
        '<path d="M88 44h22v130H88z" fill="$dark" opacity=".16"/><path d="M84 40h60v18H84z" fill="$dark"/>'
        '<path d="M160 134c10 3 18 6 24 10 8 6 10 16 10 30h-42c-4-16 0-30 8-40z" fill="$light"/>'
        '<path d="M82 172h114v12a8 8 0 0 1-8 8H90a8 8 0 0 1-8-8z" fill="$dark"/>'
        '<path d="M120 78h22M120 94h22M120 110h24" stroke="#fff" stroke-width="6" stroke-linecap="round"/>'
    ),
}
