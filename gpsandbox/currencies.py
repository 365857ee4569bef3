"""Which currencies exist here, and which of them a card brand takes."""

from gpsandbox import errors

CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
    RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
    USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
    """.split()  # noqa: SIM905 - one currency a line would be 160 lines
)
"""ISO 4217, without funds, metals and test codes."""

FEW = frozenset({"AUD", "CAD", "EUR", "GBP", "HKD", "JPY", "SGD", "USD"})

OF_BRAND = {"DINERS": FEW, "DISCOVER": FEW, "JCB": FEW}
"""Brand → the only currencies its cards pay in. Ours; every other brand takes all."""


def check(brand: str, currency: str) -> None:
    """Raise 502 50024 when no card of `brand` can pay in `currency`."""
    if currency not in OF_BRAND.get(brand, CURRENCIES):
        raise errors.currency_not_for_card()
