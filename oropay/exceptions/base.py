"""The root of everything that can be refused here."""


class PaymentError(Exception):
    """Something about a payment was refused; nothing was changed."""
