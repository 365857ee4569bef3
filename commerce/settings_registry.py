"""Which scoped settings exist and what they mean. Rooms define theirs at import; people change values at a level.

The nearest value wins: website, then organization, then everywhere, then the default. Nothing is cached: a change
is seen by the next request of every process.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, overload

from django.db.models import F, Q

from commerce.exceptions import SettingDefinedTwice, SettingOfWrongType, UnknownSetting
from commerce.models import Setting, Website

T = TypeVar("T", bool, int, str, Decimal, list[str])


@dataclass(frozen=True)
class Definition(Generic[T]):
    """One setting: its name in code, what it is without anybody's choice, and how forms present it."""

    key: str
    default: T
    label: str
    help: str
    type: type[T]

    def to_json(self, value: object) -> Any:
        """The value as stored.

        Raises:
            SettingOfWrongType: the value is not of the setting's type (True is not an int here).
        """
        if type(value) is not self.type:
            raise SettingOfWrongType(key=self.key, wanted=self.type.__name__, value=value)
        return str(value) if isinstance(value, Decimal) else value

    def from_json(self, stored: Any) -> T:
        """The value as code wants it."""
        if self.type is Decimal:
            try:
                return Decimal(stored)  # type: ignore[return-value]
            except (InvalidOperation, TypeError, ValueError):
                raise SettingOfWrongType(key=self.key, wanted="Decimal", value=stored) from None
        if type(stored) is not self.type:
            raise SettingOfWrongType(key=self.key, wanted=self.type.__name__, value=stored)
        return stored


_definitions: dict[str, Definition[Any]] = {}


def define(key: str, default: T, label: str, help: str, type: type[T]) -> Definition[T]:  # noqa: A002
    """Announce a setting. Keys look like "room.what_it_is".

    Raises:
        SettingDefinedTwice: the key is taken.
        SettingOfWrongType: the default is not of the type.
    """
    if key in _definitions:
        raise SettingDefinedTwice(key=key)
    definition = Definition(key=key, default=default, label=label, help=help, type=type)
    definition.to_json(default)
    _definitions[key] = definition
    return definition


def definitions() -> list[Definition[Any]]:
    """All settings in order of key, for forms and documentation."""
    return [_definitions[key] for key in sorted(_definitions)]


def definition_of(key: str) -> Definition[Any]:
    """The definition behind a key.

    Raises:
        UnknownSetting: nobody defined it.
    """
    try:
        return _definitions[key]
    except KeyError:
        raise UnknownSetting(key=key) from None


@overload
def setting_get(key: Definition[T], website: Website | None = ..., *, organization_id: int | None = ...) -> T: ...
@overload
def setting_get(key: str, website: Website | None = ..., *, organization_id: int | None = ...) -> Any: ...
def setting_get(
    key: str | Definition[Any], website: Website | None = None, *, organization_id: int | None = None
) -> Any:
    """The value that holds for a website, or (without one) for an organization, or everywhere. One query.

    Raises:
        UnknownSetting: nobody defined the key.
    """
    definition = key if isinstance(key, Definition) else definition_of(key)
    holds = Q(website__isnull=True, organization__isnull=True)
    if website is not None:
        holds |= Q(website=website) | Q(organization=website.organization_id)
    elif organization_id is not None:
        holds |= Q(organization=organization_id)
    nearest = (
        Setting.objects.filter(holds, key=definition.key)
        .order_by(F("website").asc(nulls_last=True), F("organization").asc(nulls_last=True))
        .values_list("value", flat=True)[:1]
    )
    for stored in nearest:
        return definition.from_json(stored)
    return definition.default
