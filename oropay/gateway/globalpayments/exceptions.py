"""Requests this adapter refuses to build or send. No byte has left and no money moved when one of these is raised."""


class UnusableRequest(ValueError):
    """The request cannot be sent as it is; the message says which value and why. Nothing was sent."""


class AmountDoesNotFit(UnusableRequest):
    """An amount has more decimals than its currency, is negative or is not a number. Nothing was sent."""


class UnusableCredentials(ValueError):
    """The provider account cannot be used: its service URL or app id is missing or unsafe. Nothing was sent."""
