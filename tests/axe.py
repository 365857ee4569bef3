"""What axe finds wrong with a page that is open in a browser."""

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[1] / "node_modules" / "axe-core" / "axe.min.js"


def axe_violations(page: Page) -> list[tuple[str, list[list[str]]]]:
    """Each broken rule with the elements that break it; frames of other origins are not looked into."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]
