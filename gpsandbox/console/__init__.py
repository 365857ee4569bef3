"""The console: pages for a person who wants to see what the gateway did, and to order what it shall do next.

It can do what `/_emu` can, so it is served under the same conditions: a secret is set, the visitor is on this machine
and has shown the secret. Plain pages without any script. `sections` is the table of subjects, `acts` the table of
buttons, `dial` the table of what may happen to the next payment.
"""

from gpsandbox.console.routes import routes

__all__ = ["routes"]
