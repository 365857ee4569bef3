"""Disputes: the list and the case file of each."""

from backoffice.admin.disputes import case

__all__ = ["case"]
