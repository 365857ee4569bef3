"""Countries, and the regions the gateway wants as codes. Country names come from CLDR in the reader's language."""

from functools import lru_cache

from babel import Locale
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

NOT_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "XK", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"})
"""Two-letter codes of CLDR that ISO 3166-1 does not assign to a country."""

REGIONS: dict[str, dict[str, str]] = {
    "US": {
        "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
        "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
        "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
        "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
        "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
        "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
        "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma",
        "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
        "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
        "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    },
    "CA": {
        "AB": "Alberta", "BC": "British Columbia", "MB": "Manitoba", "NB": "New Brunswick",
        "NL": "Newfoundland and Labrador", "NS": "Nova Scotia", "NT": "Northwest Territories", "NU": "Nunavut",
        "ON": "Ontario", "PE": "Prince Edward Island", "QC": "Quebec", "SK": "Saskatchewan", "YT": "Yukon",
    },
}  # fmt: skip
"""Regions that card address checks expect as codes (ISO 3166-2 without the country). Elsewhere it is free text."""


@lru_cache
def countries(locale: str = "en_US") -> dict[str, str]:
    """ISO 3166-1 alpha-2 code → name in the reader's language, ordered by name."""
    territories = Locale.parse(locale).territories
    named = {code: str(name) for code, name in territories.items() if len(code) == 2 and code not in NOT_COUNTRIES}
    return dict(sorted(named.items(), key=lambda item: item[1]))


def country_validate(code: str) -> None:
    """Refuse anything that is not an ISO 3166-1 alpha-2 code."""
    if code not in countries():
        raise ValidationError(_("%(code)s is not a country code."), params={"code": code})


def region_validate(*, country: str, region: str) -> None:
    """Refuse a region code that the country does not have, or none; countries without a list take any text."""
    if country in REGIONS and not region:
        raise ValidationError(_("Enter the state or region: two letters, such as NY."))
    if country in REGIONS and region not in REGIONS[country]:
        raise ValidationError(
            _("%(region)s is not a region of %(country)s."), params={"region": region, "country": country}
        )
