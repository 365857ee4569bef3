"""Links in mails and documents lead to pages that exist."""

import pytest
from django.urls import get_resolver

from commerce.routes import ABSOLUTE_ROUTES


@pytest.mark.parametrize("route", sorted(ABSOLUTE_ROUTES))
def test_every_absolute_link_has_a_page(route):
    namespace, _, name = route.rpartition(":")
    resolver = get_resolver()

    if namespace:
        _prefix, resolver = resolver.namespace_dict[namespace]

    assert name in resolver.reverse_dict
