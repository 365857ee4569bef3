"""Where the gateway's card-field loader is."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def hosted_fields_url() -> str:
    """The only foreign script, on pages with a card form."""
    return str(settings.HOSTED_FIELDS_URL)
