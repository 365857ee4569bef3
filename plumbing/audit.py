"""Who changed what, and why: configuration and money-relevant models are tracked, or they are append-only.

`tracked` copies every insert, update and delete into an event table by trigger, so that no way of writing escapes it.
`append_only` refuses update and delete by trigger: such a table is its own history.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import pghistory
import pgtrigger
from django.db.models import Model

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

M = TypeVar("M", bound=type[Model])

_tracked: set[type[Model]] = set()
_append_only: set[type[Model]] = set()


def tracked(*, exclude: Sequence[str] = (), ignore: Sequence[str] = ()) -> Callable[[M], M]:
    """Keep the history of a model in `<Model>Event`, readable as `instance.history`.

    `exclude` names secrets: that they changed is kept, their value is not.
    `ignore` names noise (`last_login`): neither value nor change is kept.
    """

    def wrap(model: M) -> M:
        watched = [field.name for field in model._meta.local_fields if field.name not in ignore]
        pghistory.track(
            pghistory.InsertEvent(),
            pghistory.UpdateEvent(condition=pgtrigger.AnyChange(*watched)),
            pghistory.DeleteEvent(),
            exclude=[*exclude, *ignore],
            obj_field=pghistory.ObjForeignKey(related_name="history"),
            append_only=True,
        )(model)
        _tracked.add(model)
        return model

    return wrap


class RefuseChange(pgtrigger.Trigger):
    """Refuse UPDATE and DELETE with a sentence; reaches Python as IntegrityError."""

    name = "append_only"
    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    func = pgtrigger.Func(  # type: ignore[no-untyped-call]
        "RAISE EXCEPTION USING ERRCODE = 'restrict_violation',"
        " MESSAGE = 'Nothing was changed. {meta.db_table} is append-only: a correction is a new row.';"
    )


def append_only(model: M) -> M:
    """Let rows of the model be written once and never changed or removed, whoever asks (class decorator)."""
    pgtrigger.register(RefuseChange())(model)
    _append_only.add(model)
    return model


def is_tracked(model: type[Model]) -> bool:
    """Whether every change of its rows is kept by a trigger."""
    return model in _tracked


def is_append_only(model: type[Model]) -> bool:
    """Whether the database refuses to change its rows."""
    return model in _append_only


def because(*, by: "AbstractBaseUser | None", why: str, **facts: str | int) -> Any:
    """Say who changes things and why; every event of tracked rows written inside carries it.

    Use as `with because(by=user, why="…"):`. A nested use adds to the outermost one. `by=None` is the system itself.
    """
    return pghistory.context(user=by.pk if by is not None else None, why=why, **facts)
