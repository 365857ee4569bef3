"""Renews the locks: `requirements/*.txt` with names, versions and hashes (never an address) and `package-lock.json`.

dev.txt is resolved first, as it holds everything; the others are cut from it, so that no name has two versions.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from config.node import ROOT, environment, tool

UV = Path(sys.executable).parent / "uv"
COMPILE = [
    "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header",
    "--override", "requirements/overrides.txt",
]  # fmt: skip
PROJECT = ["pyproject.toml"]

SETS = {
    "dev": [*PROJECT, "--group", "worker", "--group", "sandbox", "--group", "dev", "--upgrade"],
    "prod": PROJECT,
    "worker": [*PROJECT, "--group", "worker"],
    "sandbox": ["--group", "sandbox"],
}


def main() -> int:
    for name, arguments in SETS.items():
        if name != "dev":  # uv prefers the versions it finds in the file that it writes
            shutil.copy(ROOT / "requirements/dev.txt", ROOT / f"requirements/{name}.txt")
        _uv([*COMPILE, *arguments, "--output-file", f"requirements/{name}.txt"])
    _uv([*COMPILE, "-", "--upgrade", "--output-file", "requirements/uv.txt"], text="uv\n")
    npm = [*tool("npm"), "update", "--package-lock-only", "--ignore-scripts", "--loglevel=error"]
    subprocess.run(npm, cwd=ROOT, env=environment(), check=True)
    sys.stdout.write("locks renewed: requirements/*.txt, package-lock.json\n")
    return 0


def _uv(command: list[str], *, text: str | None = None) -> None:
    subprocess.run([str(UV), *command], cwd=ROOT, input=text, text=True, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
