"""A bank account as it arrives, and the little of it that is kept."""

import re
from dataclasses import dataclass
from typing import Any

from gpsandbox import errors, fields, outcomes


@dataclass(frozen=True)
class BankAccount:
    """What the sandbox keeps of a bank account: never its number."""

    last4: str
    account_type: str
    holder_type: str
    sec_code: str
    bank_name: str
    outcome: str
    """A name in `outcomes.BY_NAME`."""

    @property
    def masked(self) -> str:
        return f"XXXXXX{self.last4}"


def read(body: dict[str, Any]) -> BankAccount:
    """Check a `bank_transfer` object and forget its number."""
    bank = fields.section(body, "bank")
    absent = [name for name in ("account_number", "account_type", "sec_code") if not body.get(name)]
    if not bank.get("code"):
        absent.append("bank.code")
    if absent:
        raise errors.missing(*absent)
    number = fields.text(body, "account_number")
    if not re.fullmatch(r"[0-9]{4,17}", number):
        raise errors.wrong_value("bank_transfer.account_number")
    if not routing_number_holds(fields.text(bank, "code")):
        raise errors.wrong_value("bank_transfer.bank.code")
    return BankAccount(
        last4=number[-4:],
        account_type=fields.choice(body, "account_type", ("CHECKING", "SAVING")),
        holder_type=fields.choice(body, "account_holder_type", ("PERSONAL", "BUSINESS", "PAYROLL")),
        sec_code=fields.choice(body, "sec_code", ("CCD", "POP", "PPD", "TEL", "WEB")),
        bank_name=fields.free_text(bank, "name"),
        outcome=outcomes.of_account(number).name,
    )


def routing_number_holds(code: str) -> bool:
    """The check digit of an ABA routing number: weights 3, 7, 1."""
    if not re.fullmatch(r"[0-9]{9}", code) or code == "000000000":
        return False
    return sum(int(digit) * weight for digit, weight in zip(code, (3, 7, 1) * 3, strict=True)) % 10 == 0
