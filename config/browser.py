"""The browser of the tests: Chromium from the npm package `@sparticuz/chromium`, or the one that CHROMIUM= names.

The package ships the binary compressed; it is unpacked once beside it. System libraries that it misses are installed
where we may (root on a machine with apt), else named.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from config.env import Env
from config.node import ROOT, environment, tool

PACKAGES = {
    "libnspr4.so": "libnspr4",
    "libplc4.so": "libnspr4",
    "libplds4.so": "libnspr4",
    "libnss3.so": "libnss3",
    "libnssutil3.so": "libnss3",
    "libsmime3.so": "libnss3",
    "libssl3.so": "libnss3",
    "libexpat.so.1": "libexpat1",
}
"""Shared library → Debian package."""

UNPACK = "import('@sparticuz/chromium').then(m => m.default.executablePath()).then(path => console.log(path))"


class BrowserError(Exception):
    """The browser tests cannot run on this machine; the message says what to install or set."""


FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>
"""


def for_tests() -> dict[str, str]:
    """The environment of the browser tests. Raises BrowserError."""
    browser = chromium()
    fonts = browser.parent / "fonts"
    if Path("/usr/share/fonts").exists() or not fonts.exists():
        return {"CHROMIUM": str(browser)}
    (fonts / "ours.conf").write_text(FONTS.format(folder=fonts))
    return {"CHROMIUM": str(browser), "FONTCONFIG_FILE": str(fonts / "ours.conf")}


def chromium() -> Path:
    """An executable Chromium with everything it needs. Raises BrowserError."""
    chosen = Env().text("CHROMIUM", default="")
    if chosen:
        if not os.access(chosen, os.X_OK):
            raise BrowserError(f"CHROMIUM={chosen} is not an executable file.")
        return Path(chosen)
    browser = _unpacked()
    missing = _missing_libraries(browser)
    if missing:
        _libraries_install(missing)
    return browser


def _unpacked() -> Path:
    folder = ROOT / "node_modules" / ".chromium"
    if not (folder / "chromium").exists():
        fresh = folder.with_name(".chromium.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        unpacked = subprocess.run(
            [*tool("node"), "--input-type=module", "-e", UNPACK],
            cwd=ROOT,
            env=environment() | {"TMPDIR": str(fresh)},
            capture_output=True,
            text=True,
            check=False,
        )
        if unpacked.returncode:
            raise BrowserError(f"Chromium could not be unpacked:\n{unpacked.stderr}")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return folder / "chromium"


def _missing_libraries(browser: Path) -> set[str]:
    listed = subprocess.run(["ldd", str(browser)], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"(\S+) => not found", listed))


def _libraries_install(missing: set[str]) -> None:
    packages = sorted({PACKAGES.get(library, library) for library in missing})
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise BrowserError(f"The test browser needs system libraries. As root: {' '.join(command)}")
    quiet = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update"], env=quiet, capture_output=True, check=False)
    installed = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    if installed.returncode:
        raise BrowserError(f"{' '.join(command)} failed:\n{installed.stdout}{installed.stderr}")
