"""Which card or bank account ends how. The only such table: a test compares it with `docs/sandbox-reference.md`.

Stored resources remember an outcome by its name, never the number that chose it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    APPROVED = "approved"
    """Money moves (or is held)."""

    DECLINED = "declined"
    """HTTP 200, status DECLINED."""

    PENDING = "pending"
    """Accepted, status PENDING until somebody settles it by hand."""

    BROKEN = "broken"
    """HTTP 502: the processor failed, nothing is recorded."""


@dataclass(frozen=True)
class Outcome:
    """How a payment by one kind of card or account ends."""

    name: str
    verdict: Verdict
    result: str
    """`payment_method.result`."""
    message: str
    """`payment_method.message`."""
    cvv: str = "M"
    """The issuer's letters, as in `card.provider`: M matched, N not matched, U/I/P not checked."""
    postal_code: str = "M"
    address: str = "M"
    returned: str = ""
    """ACH return code: the funded money goes back, after as long as `timetable.RETURN_WAITS` says."""


APPROVED = Outcome("approved", Verdict.APPROVED, "00", "[ test system ] AUTHORISED")
SCA_WANTED = Outcome("sca_111", Verdict.DECLINED, "111", "[ test system ] STRONG CUSTOMER AUTHENTICATION REQUIRED")
"""Declined because the payment names no authentication that succeeded; approved when it does."""
ACH_APPROVED = Outcome("ach_approved", Verdict.APPROVED, "A0000", "Success")

CARD_RESULTS: tuple[tuple[Outcome, tuple[str, ...]], ...] = (
    (
        APPROVED,
        (
            "4263970000005262",
            "5425230000004415",
            "374101000000608",
            "36256000000725",
            "6011000000000087",
            "3566000000000000",
        ),
    ),
    (
        Outcome("declined_101", Verdict.DECLINED, "101", "[ test system ] DECLINED"),
        (
            "4000120000001154",
            "5114610000004778",
            "376525000000010",
            "36256000000998",
            "6011000000001010",
            "3566000000001016",
        ),
    ),
    (
        Outcome("referral_102", Verdict.DECLINED, "102", "[ test system ] REFERRAL B"),
        (
            "4000130000001724",
            "5114630000009791",
            "375425000000907",
            "36256000000634",
            "6011000000001028",
            "3566000000001024",
        ),
    ),
    (
        Outcome("lost_103", Verdict.DECLINED, "103", "[ test system ] CARD LOST OR STOLEN"),
        (
            "4000160000004147",
            "5121220000006921",
            "343452000000306",
            "38865000000705",
            "6011000000001036",
            "3566000000001032",
        ),
    ),
    (
        SCA_WANTED,
        ("4242420000000091", "5100000000000131", "374205502001004"),
    ),
    (
        Outcome(
            "broken_205",
            Verdict.BROKEN,
            "205",
            "205,Timeout error—Action failed unexpectedly. An automatic reversal will happen if charged."
            " Please retry the transaction..",
        ),
        ("4009830000001985", "5135020000005871", "372349000000852"),
    ),
    (
        Outcome("broken_200", Verdict.BROKEN, "200", "200,eCom error—Developers are notified"),
        (
            "30450000000985",
            "6011000000002000",
            "3566000000002006",
        ),
    ),
)
"""Result → the public test cards, in the order Visa, Mastercard, Amex, Diners, Discover, JCB."""

AVS_CARDS: tuple[tuple[str, str], ...] = (
    ("5167308114614170", "MUU"),
    ("5167300431085507", "MII"),
    ("5167302774869323", "MPP"),
    ("5167308372298823", "MMM"),
    ("5167304376624205", "MNN"),
    ("5167305286858551", "MNM"),
    ("5167302027021516", "MNN"),
    ("5167300747736579", "NNM"),
    ("5167300575629722", "NUU"),
    ("5167305971795258", "NII"),
    ("5167306563324952", "NPP"),
    ("5167305301636255", "NPM"),
    ("5167308925965308", "NMN"),
    ("5167308304373025", "NNN"),
    ("5218042821896924", "NNN"),
    ("4259917010910078", "IUU"),
    ("4259916460134858", "III"),
    ("4259910583250337", "IPP"),
    ("4259913676419876", "MMM"),
    ("4259915858684813", "IMN"),
    ("4259919754924299", "INM"),
    ("4259917979151326", "INN"),
    ("4259915339571613", "UUU"),
    ("4259911964632119", "UII"),
    ("4259912262216019", "UPP"),
    ("4259912836281333", "UMM"),
    ("4259914539794240", "UMN"),
    ("4259913732291939", "UNM"),
    ("4259913622000341", "UNN"),
)
"""Number → letters for CVV, postal code, address. The Visa cards (4259…) are all declined, the others approved."""

ACCOUNT_ENDINGS: tuple[tuple[str, Outcome], ...] = (
    ("0051", Outcome("ach_declined", Verdict.DECLINED, "A0051", "Declined")),
    ("0099", Outcome("ach_pending", Verdict.PENDING, "A0000", "Success")),
    ("0001", Outcome("ach_returned_R01", Verdict.APPROVED, "A0000", "Success", returned="R01")),
    ("0002", Outcome("ach_returned_R02", Verdict.APPROVED, "A0000", "Success", returned="R02")),
    ("0003", Outcome("ach_returned_R03", Verdict.APPROVED, "A0000", "Success", returned="R03")),
    ("0010", Outcome("ach_returned_R10", Verdict.APPROVED, "A0000", "Success", returned="R10")),
)
"""Last four digits of a bank account number → outcome. Ours: no public test accounts exist."""

WALLET_AMOUNTS: tuple[tuple[str, int, str], ...] = (
    ("VISA", 1000, "approved"),
    ("VISA", 1101, "declined_101"),
    ("VISA", 1102, "referral_102"),
    ("VISA", 1103, "lost_103"),
    ("VISA", 1205, "broken_200"),
    ("VISA", 4300, "avs_approved_MMM"),
    ("VISA", 4301, "avs_approved_MMN"),
    ("VISA", 4302, "avs_approved_MNM"),
    ("VISA", 4303, "avs_approved_MNN"),
    ("VISA", 4304, "avs_approved_MUU"),
    ("VISA", 4305, "avs_approved_MII"),
    ("VISA", 4306, "avs_approved_MPP"),
    ("MASTERCARD", 2000, "approved"),
    ("MASTERCARD", 2101, "declined_101"),
    ("MASTERCARD", 2102, "referral_102"),
    ("MASTERCARD", 2103, "lost_103"),
    ("MASTERCARD", 2205, "broken_200"),
    ("MASTERCARD", 5300, "avs_approved_MMM"),
    ("MASTERCARD", 5301, "avs_approved_MMN"),
    ("MASTERCARD", 5302, "avs_approved_MNM"),
    ("MASTERCARD", 5303, "avs_approved_MNN"),
    ("MASTERCARD", 5304, "avs_approved_MUU"),
    ("MASTERCARD", 5305, "avs_approved_MII"),
    ("MASTERCARD", 5306, "avs_approved_MPP"),
)
"""What a digital wallet pays, in minor units, chooses how it ends. The letters behind the AVS amounts are ours."""

WALLET_OTHERWISE = Outcome("wallet_108", Verdict.DECLINED, "108", "[ test system ] DECLINED")
"""A wallet paying any other amount."""

HELD_NAME = "LENNY BRUCE"
"""A cardholder with this name is held for review when `risk_assessment` is ACTIVE."""

FOREIGN_CARDS: dict[str, tuple[str, ...]] = {"400609": ("GBP", "USD")}
"""First six digits → currencies of the card: currency conversion offers the first that is not the shop's."""

LETTERS = {"M": "MATCHED", "N": "NOT_MATCHED", "U": "NOT_CHECKED", "I": "NOT_CHECKED", "P": "NOT_CHECKED"}
"""The issuer's letter → the gateway's word."""


def _avs_outcome(number: str, letters: str) -> Outcome:
    declined = number.startswith("4259")
    return Outcome(
        name=f"avs_{'declined' if declined else 'approved'}_{letters}",
        verdict=Verdict.DECLINED if declined else Verdict.APPROVED,
        result="101" if declined else "00",
        message="[ test system ] DECLINED" if declined else "[ test system ] AUTHORISED",
        cvv=letters[0],
        postal_code=letters[1],
        address=letters[2],
    )


BY_NUMBER: dict[str, Outcome] = {number: outcome for outcome, numbers in CARD_RESULTS for number in numbers} | {
    number: _avs_outcome(number, letters) for number, letters in AVS_CARDS
}

_WALLET_LETTERS = [name.rpartition("_")[2] for _brand, _amount, name in WALLET_AMOUNTS if name.startswith("avs_")]

BY_NAME: dict[str, Outcome] = {
    outcome.name: outcome
    for outcome in (
        APPROVED,
        ACH_APPROVED,
        WALLET_OTHERWISE,
        *BY_NUMBER.values(),
        *(outcome for _, outcome in ACCOUNT_ENDINGS),
        *(_avs_outcome("5", letters) for letters in _WALLET_LETTERS),
    )
}


def of_card(number: str) -> Outcome:
    """Any card that is not in the table is approved."""
    return BY_NUMBER.get(number, APPROVED)


def of_account(number: str) -> Outcome:
    """Any bank account whose ending is not in the table is approved."""
    return next((outcome for ending, outcome in ACCOUNT_ENDINGS if number.endswith(ending)), ACH_APPROVED)


def of_wallet(brand: str, amount: int) -> Outcome:
    """The amount decides; it must be one of the brand's own, where the brand is known."""
    for listed_brand, listed_amount, name in WALLET_AMOUNTS:
        if amount == listed_amount and brand in ("", listed_brand):
            return BY_NAME[name]
    return WALLET_OTHERWISE
