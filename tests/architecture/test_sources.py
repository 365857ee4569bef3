"""Rules of the house that a machine can read off the sources."""

import ast

from tests.architecture.sources import ALL, DOMAIN_ROOMS, MONEY_ROOMS, ROOT, files, nodes, where

LONGEST_FILE = 400
RAW_LOCKS = ("FOR SHARE", "FOR UPDATE", "FOR NO KEY UPDATE", "FOR KEY SHARE")
HTTP = ("django.http", "django.views", "django.shortcuts", "django.urls", "django.forms", "rest_framework")
SECONDS = {"oropay/gateway/globalpayments/connector.py"}
"""Files whose floats are seconds."""
HTTP_ALLOWED = {"commerce/models/organization.py": {"django.urls"}}
"""`Website.url()` makes the absolute links of mail and documents."""


def test_row_locks_are_taken_in_locks_py_alone():
    found = [
        where(path, node)
        for path in files(*DOMAIN_ROOMS)
        if path.name != "locks.py" and "locks" not in path.parts
        for node in nodes(path)
        if _takes_a_lock(node)
    ]

    assert found == []


def test_no_float_comes_near_money():
    found = [where(path, node) for path in files(*MONEY_ROOMS) for node in nodes(path) if _makes_a_float(node)]

    assert [place for place in found if place.rpartition(":")[0] not in SECONDS] == []


def test_domain_rooms_hold_no_http():
    found = [
        f"{where(path, node)} {module}"
        for path in files(*DOMAIN_ROOMS)
        for node in nodes(path)
        for module in _imported(node)
        if module.startswith(HTTP) and module not in HTTP_ALLOWED.get(str(path.relative_to(ROOT)), set())
    ]

    assert found == []


def test_no_file_is_longer_than_a_person_reads_at_once():
    lengths = {path: len(path.read_text().splitlines()) for path in files(*ALL)}

    assert [f"{path.relative_to(ROOT)}: {length}" for path, length in lengths.items() if length > LONGEST_FILE] == []


def test_no_file_has_a_name_that_says_nothing():
    said_nothing = {"utils", "common", "helpers", "misc", "signals"}

    assert [str(path.relative_to(ROOT)) for path in files(*ALL) if said_nothing & {path.stem, path.parent.name}] == []


def test_every_room_says_what_it_is_for_on_one_screen():
    pages = {room: ROOT / room / "README.md" for room in DOMAIN_ROOMS}

    assert [room for room, page in pages.items() if not page.exists()] == []
    lengths = {room: len(page.read_text().splitlines()) for room, page in pages.items()}
    assert {room: length for room, length in lengths.items() if length > 60} == {}


def _takes_a_lock(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        asks = isinstance(node.value, ast.Attribute) and node.value.attr == "query"  # whether a query takes one
        return node.attr == "select_for_update" and not asks
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip().endswith(RAW_LOCKS)


def _makes_a_float(node: ast.AST) -> bool:
    """`float(…)`, or an amount made from a float: `Decimal(0.1)`, `Money(19.99, …)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    amounts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    return node.func.id == "float" or (
        node.func.id in {"Decimal", "Money"} and any(isinstance(amount, float) for amount in amounts)
    )


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
