"""Copies the front-end files that we serve, and no others, into `assets/`; compiles the translations.

`assets/` is a source folder of Django's static files (`{% static "tabler/tabler.min.css" %}`) and is never committed.
htmx is not here: it comes with django-htmx (`{% htmx_script %}`).
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"

SERVED = {
    "tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
}
"""Where we serve it → where the package has it."""

UNCHANGED = {
    "globalpayments/globalpayments-3ds-1.8.5.min.js": "globalpayments-3ds/dist/globalpayments-3ds.min.js",
    "globalpayments/globalpayments-3ds.min.js.map": "globalpayments-3ds/dist/globalpayments-3ds.min.js.map",
    "globalpayments/LICENSE.md": "globalpayments-3ds/LICENSE.md",
}
"""The gateway's 3-D Secure library, under a licence of its own: served byte for byte, and under its version's name,
because the copies with hashed names are edited (docs/adr/0009-licence.md)."""

EMBEDDED_PICTURE = re.compile(r"""url\((["'])data:image/svg\+xml,(.*?)\1\)""")
SOURCE_MAP = re.compile(r"\n?(/\*|//)# sourceMappingURL=\S+?( \*/|\*/)?\s*$")


def assets_copy() -> list[str]:
    """Fill `assets/` afresh; what is no longer listed disappears. Returns what lies there now."""
    fresh = ASSETS.with_name("assets.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for served, source in SERVED.items():
        target = fresh / served
        target.parent.mkdir(parents=True, exist_ok=True)
        # The maps stay behind; the mention of them would make the hashed-names storage look for them.
        text = SOURCE_MAP.sub("\n", (ROOT / "node_modules" / source).read_text())
        target.write_text(_pictures_unpack(text, folder=target.parent) if target.suffix == ".css" else text)
    for served, source in UNCHANGED.items():
        target = fresh / served
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "node_modules" / source, target)
    (fresh / ".copied").touch()
    shutil.rmtree(ASSETS, ignore_errors=True)
    fresh.rename(ASSETS)
    return sorted(SERVED | UNCHANGED)


def _pictures_unpack(css: str, *, folder: Path) -> str:
    """Move pictures embedded in a style sheet into files: our content policy allows no `data:` pictures."""

    def unpack(found: re.Match[str]) -> str:
        picture = unquote(found[2])
        name = f"{hashlib.sha256(picture.encode()).hexdigest()[:12]}.svg"
        (folder / name).write_text(picture)
        return f'url("{name}")'

    return EMBEDDED_PICTURE.sub(unpack, css)


def translations_compile() -> int:
    """Make the `.mo` files of all `.po` files; no GNU gettext needed. Returns how many there are."""
    found = sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po"))
    if found:
        command = [
            sys.executable,
            "-m",
            "babel.messages.frontend",
            "compile",
            "-D",
            "django",
            "-d",
            str(ROOT / "locale"),
        ]
        subprocess.run(command, check=True, capture_output=True)
    return len(found)


def main() -> int:
    copied = assets_copy()
    compiled = translations_compile()
    sys.stdout.write(f"assets: {len(copied)} files copied, {compiled} translations compiled\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
