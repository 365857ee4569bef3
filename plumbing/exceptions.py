"""What can go wrong in the pipes. No money is ever in them; each error says what was not done, then what to do."""

from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _


class PlumbingError(Exception):
    """Root of this room's errors."""


class RegistryError(PlumbingError, ImproperlyConfigured):
    """A port is wired wrongly: a fault of ours, found at start."""


class AlreadyRegistered(RegistryError):
    def __init__(self, *, registry: str, key: str) -> None:
        super().__init__(f"Port “{registry}” already has a handler for “{key}”. Register it in one apps.py only.")


class NotRegistered(RegistryError):
    def __init__(self, *, registry: str, keys: Sequence[str]) -> None:
        names = ", ".join(keys)
        super().__init__(f"Port “{registry}” has no handler for {names}. Register one in the owning room's apps.py.")


class DocumentRefused(PlumbingError):
    """Nothing was stored."""


class DocumentTooLarge(DocumentRefused):
    def __init__(self, *, name: str, size: int, limit: int) -> None:
        super().__init__(
            _("“{name}” was not stored. It has {size} bytes and {limit} are allowed; send a smaller file.").format(
                name=name, size=size, limit=limit
            )
        )


class DocumentEmpty(DocumentRefused):
    def __init__(self, *, name: str) -> None:
        super().__init__(_("“{name}” was not stored. The file is empty; choose another one.").format(name=name))


class NoteEmpty(PlumbingError):
    def __init__(self) -> None:
        super().__init__(_("No note was written. Say in a few words what happened and why."))


class MailWithoutSubject(PlumbingError):
    def __init__(self, *, template: str) -> None:
        super().__init__(f"No mail was queued. The first line of {template} is its subject and must not be empty.")


class LeaseLost(PlumbingError):
    def __init__(self, *, job_id: int) -> None:
        super().__init__(f"Job {job_id} is no longer this worker's: its lease ran out. Stop; another worker has it.")


class SomeNotDone(PlumbingError):
    """Some rows of a loop failed; the others were done."""

    def __init__(self, *, failures: Sequence[str], count: int) -> None:
        more = f" … and {count - len(failures)} more." if count > len(failures) else ""
        super().__init__("; ".join(failures) + more)
