"""A file of banks' notices of change: read whole, every bad line named, applied whole or not at all.

The file holds account numbers in the clear. It lives inside the request that brings it: it is no `Document`, and
neither it nor a digest of it is kept, because account numbers are short enough to be guessed from a digest.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from commerce.models import User
from oropay.exceptions import ChangeFileRefused, ChangeKnown, ChangeRefused
from oropay.models import ChangeNotice, ChangeSource, Instrument, InstrumentKind, Payment, PaymentTransaction
from oropay.services.ach.changes import ChangeAsked, change_apply, change_refusal
from oropay.services.ach.checked import Checks, checked_first

COLUMNS = (
    "date",
    "code",
    "reference",
    "payment",
    "instrument",
    "account_number",
    "routing_number",
    "account_type",
    "holder_name",
    "note",
)
"""The columns a file may have, in any order; documented in docs/bank-debits.md."""
NEEDED = ("date", "code")
NAMING = ("reference", "payment", "instrument")
"""One of them says which account is meant: our reference of the debit at the gateway, a payment's or an instrument's
number.
"""
LARGEST = 1_000_000
"""Bytes. A bank writes one line per corrected account."""
LONGEST = 2_000
"""Lines."""


@dataclass(frozen=True)
class ChangeFileDone:
    """What a file brought about."""

    notices: list[ChangeNotice]
    known: int
    """Lines that had been recorded before and changed nothing."""


@dataclass(frozen=True)
class _Line:
    number: int
    instrument: Instrument
    asked: ChangeAsked


def change_file_apply(*, content: bytes, name: str, by: User, now: datetime) -> ChangeFileDone:
    """Apply every notice of a CSV file (UTF-8; comma or semicolon; first line names the columns), or none.

    Lines that are recorded already are passed over, so that a bank may send its notices again. `by` reaches only
    accounts of the own organization.

    Raises:
        ChangeFileRefused: with every line that is not right; nothing was changed. No account number is in it.
    """
    lines = _read(content=content, name=name, by=by, now=now)
    try:
        return checked_first(lambda checks: _apply(lines=lines, checks=checks, by=by, now=now))
    except ChangeRefused as refused:
        raise ChangeFileRefused(lines=[refused.why]) from refused


def _apply(*, lines: list[_Line], checks: Checks, by: User, now: datetime) -> ChangeFileDone:
    notices: list[ChangeNotice] = []
    wrong: list[str] = []
    known = 0
    for line in sorted(lines, key=lambda one: (one.asked.noticed_on, one.number)):
        line.instrument.refresh_from_db(fields=["fingerprint"])
        try:
            notices += change_apply(instrument=line.instrument, asked=line.asked, checks=checks, by=by, now=now)
        except ChangeKnown:
            known += 1
        except ChangeRefused as refused:
            wrong.append(_named(line.number, refused.why))
    if wrong and not checks.to_ask:
        raise ChangeFileRefused(lines=wrong)  # and nothing of this transaction stands
    return ChangeFileDone(notices=notices, known=known)


def _read(*, content: bytes, name: str, by: User, now: datetime) -> list[_Line]:
    """Every line with its account. Raises ChangeFileRefused with all that cannot be read."""
    rows = _rows(content)
    found: list[_Line] = []
    wrong: list[str] = []
    for number, row in rows:
        try:
            found.append(_line(number=number, row=row, name=name, by=by, now=now))
        except ChangeRefused as refused:
            wrong.append(_named(number, refused.why))
    if wrong:
        raise ChangeFileRefused(lines=wrong)
    if not found:
        raise ChangeFileRefused(lines=[_("There is no notice in it.")])
    return found


def _rows(content: bytes) -> list[tuple[int, Mapping[str, str]]]:
    """Lines that hold anything, by their number in the file; the first line is 1."""
    if len(content) > LARGEST:
        raise ChangeFileRefused(lines=[_("It is larger than 1 MB.")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ChangeFileRefused(lines=[_("It is no text in UTF-8.")]) from error
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    _refuse_columns(reader.fieldnames)
    rows: list[tuple[int, Mapping[str, str]]] = []
    try:
        for row in reader:
            if None in row:
                raise ChangeFileRefused(lines=[_named(reader.line_num, _("It has more cells than columns."))])
            if any(value and value.strip() for value in row.values()):
                rows.append((reader.line_num, {key: (value or "").strip() for key, value in row.items()}))
    except csv.Error as error:
        raise ChangeFileRefused(lines=[_named(reader.line_num, _("It is not CSV."))]) from error
    if len(rows) > LONGEST:
        raise ChangeFileRefused(lines=[_("It has more than {n} lines.").format(n=LONGEST)])
    return rows


def _refuse_columns(columns: Iterable[str]) -> None:
    names = list(columns)
    wrong = [_("Column {name} is not known.").format(name=name or "–") for name in names if name not in COLUMNS]
    wrong += [_("Column {name} is missing.").format(name=name) for name in NEEDED if name not in names]
    if not any(name in names for name in NAMING):
        wrong.append(_("One of the columns {names} is needed.").format(names=", ".join(NAMING)))
    if len(names) != len(set(names)):
        wrong.append(_("A column is there twice."))
    if wrong:
        raise ChangeFileRefused(lines=wrong)


def _line(*, number: int, row: Mapping[str, str], name: str, by: User, now: datetime) -> _Line:
    instrument, payment = _account(row=row, by=by)
    asked = ChangeAsked(
        code=row["code"].upper(),
        noticed_on=_day(row["date"]),
        account_number=digits(row.get("account_number", "")),
        routing_number=digits(row.get("routing_number", "")),
        account_type=account_type_of(row.get("account_type", "")),
        holder_name=row.get("holder_name", "")[:100],
        note=row.get("note", "")[:1000],
        payment=payment,
        source=ChangeSource.FILE,
        file_name=name,
    )
    why = change_refusal(asked=asked, today=instrument.customer.organization.today(now))
    if why:
        raise ChangeRefused(why=why)
    return _Line(number=number, instrument=instrument, asked=asked)


def digits(text: str) -> str:
    """A number as people and banks write it, without its spaces and hyphens."""
    return "".join(text.replace("-", " ").split())


def account_type_of(text: str) -> str:
    """CHECKING or SAVING, as banks spell them; anything else as it is, to be refused by its name."""
    written = text.strip().upper()
    return {"SAVINGS": "SAVING", "C": "CHECKING", "S": "SAVING"}.get(written, written)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ChangeRefused(why=_("The date is written like 2026-11-23.")) from error


def _account(*, row: Mapping[str, str], by: User) -> tuple[Instrument, Payment | None]:
    named = {name: row[name] for name in NAMING if row.get(name)}
    if len(named) != 1:
        raise ChangeRefused(why=_("It must name one of {names}.").format(names=", ".join(NAMING)))
    ((name, value),) = named.items()
    payment = None
    if name == "instrument":
        pk = int(value) if value.isdecimal() else None
    else:
        payment = _payment(name=name, value=value, by=by)
        pk = payment.instrument_id if payment is not None else None
    rows = Instrument.objects.filter(kind=InstrumentKind.BANK).select_related("customer__organization", "owner")
    if not by.is_superuser:
        rows = rows.filter(customer__organization=by.organization_id)
    instrument = rows.filter(pk=pk).first() if pk is not None else None
    if instrument is None:
        raise ChangeRefused(why=_("There is no bank account of {name} {value}.").format(name=name, value=value[:60]))
    return instrument, payment


def _payment(*, name: str, value: str, by: User) -> Payment | None:
    payments = Payment.objects.all() if by.is_superuser else Payment.objects.filter(organization=by.organization_id)
    if name == "payment":
        return payments.filter(pk=int(value)).first() if value.isdecimal() else None
    row = PaymentTransaction.objects.filter(reference=value, payment__in=payments).select_related("payment").first()
    return row.payment if row is not None else None


def _named(number: int, why: str) -> str:
    return _("Line {number}: {why}").format(number=number, why=why)
