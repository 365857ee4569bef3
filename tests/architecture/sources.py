"""The project's own sources, for tests that read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

MONEY_ROOMS = ("commerce", "ledger", "oropay", "checkout", "invoices", "reconciliation")
DOMAIN_ROOMS = ("plumbing", *MONEY_ROOMS)
FACES = ("storefront", "backoffice", "api")
ALL = (*DOMAIN_ROOMS, *FACES, "config", "gpsandbox", "tests")


def files(*folders: str, pattern: str = "*.py") -> list[Path]:
    """Sources of these folders without migrations, which Django writes."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob(pattern))]
    return [path for path in found if "migrations" not in path.parts and path.is_file()]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(tree(path))


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
