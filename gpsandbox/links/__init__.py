"""Links: addresses of hosted pages where a payer pays what a merchant asks. `gpsandbox.pay` is the page."""

from gpsandbox.links.resource import create, edit, find, get

__all__ = ["create", "edit", "find", "get"]
