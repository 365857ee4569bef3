"""`/pay/{link}`: the gateway's own page where a payer pays a link by card.

`payment` takes the money with the same code as POST /transactions, `pages` writes the HTML, `routes` is the HTTP side,
`way_back` takes the payer to the shop.
"""

from gpsandbox.pay.routes import routes

__all__ = ["routes"]
