"""3-D Secure 2: the card holder proves to the own bank who is paying.

Three calls: `check` (is the card enrolled?), `initiate` (the bank decides, or wants to ask), `result` (what came of
it). What the bank asks is on its own pages, in `gpsandbox.acs`; `challenge` is where its answer arrives. A payment
then names the authentication, and `presented` judges what it named.
"""

from gpsandbox.threeds.check import check
from gpsandbox.threeds.controls import CONTROLS
from gpsandbox.threeds.initiate import initiate
from gpsandbox.threeds.reads import find, get, result

__all__ = ["CONTROLS", "check", "find", "get", "initiate", "result"]
