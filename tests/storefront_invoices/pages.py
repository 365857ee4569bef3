"""Reading a page as its text, without markup."""

import re
from html import unescape
from typing import Any


def text_of(response: Any) -> str:
    """The words of a page with single spaces."""
    body = re.sub(r"(?s)<(script|style|head).*?</\1>", " ", response.content.decode())
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def rows_of(response: Any) -> list[str]:
    """Numbers of the invoices listed, in order."""
    return re.findall(r'data-invoice="([^"]+)"', response.content.decode())


def field(response: Any, name: str) -> str:
    """The value of a hidden field of a form."""
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', response.content.decode())
    assert tag is not None, f"no field {name}"
    value = re.search(r'value="([^"]*)"', tag.group())
    assert value is not None, f"field {name} has no value"
    return value.group(1)
