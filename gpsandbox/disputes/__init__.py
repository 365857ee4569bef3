"""Disputes: a card holder's bank takes money back, and the merchant accepts or proves the sale.

`life` says as tables what may become what, `changes` is the only writer, `deadlines` lets time decide, `telling` says
it to the merchant.
"""

from gpsandbox.disputes.answers import accept, challenge
from gpsandbox.disputes.controls import CONTROLS
from gpsandbox.disputes.funded import find as funded_find
from gpsandbox.disputes.funded import get as funded_get
from gpsandbox.disputes.reads import document_get, find, get

__all__ = ["CONTROLS", "accept", "challenge", "document_get", "find", "funded_find", "funded_get", "get"]
