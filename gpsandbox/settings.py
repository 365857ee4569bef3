"""What may be configured, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gpsandbox import timetable
from gpsandbox.timetable import Cutoff

FEATURES = ("multi_capture", "partial_reversal", "hold", "surcharge", "renew_live_holds")
"""What the gateway switches on for each merchant, or does not."""

DEFAULT_FEATURES = "multi_capture,hold,surcharge"
DEFAULT_ORIGINS = "http://localhost:8000,http://127.0.0.1:8000,http://north.localhost:8000"


class SettingsError(ValueError):
    """The server did not start; the message names the variable and what it may hold."""


@dataclass(frozen=True)
class Settings:
    """One running sandbox. Every field is an environment variable; `README.md` lists them."""

    host: str
    port: int
    database: Path
    apps: Mapping[str, str] = field(repr=False)
    """Accepted credentials: app id → app key."""
    secret: str = field(repr=False)
    """Opens `/_emu`; empty means `/_emu` is not served at all."""
    delay_ms: int
    allowed_origins: tuple[str, ...]
    """Pages that may show the hosted card fields."""
    processes: int
    """How many processes serve; they share the file."""
    conformance: bool
    """Answer as the third-party suite expects where sources disagree, and hold the resources that it looks up."""

    @property
    def url(self) -> str:
        """Where callers and browsers reach us; GPSANDBOX_URL where that is not the address we listen at."""
        return self.public_url or f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"  # noqa: S104

    public_url: str = ""
    acs_url: str = ""
    """Where browsers find the pages of the card holder's bank, on an origin of their own."""
    three_ds_version: str = "2.2.0"
    """Message version of the test cards that were made for 2.1."""
    notify_hosts: tuple[str, ...] = ()
    """Hosts that status notifications may go to besides this machine."""
    notify_disputes: bool = False
    """Notify of disputes too; the gateway does not say that it does."""
    notify_settlement: bool = False
    """Notify of what time does to a payment too: funded, returned, lapsed. The gateway does not say that it does."""
    return_codes: bool = False
    """Bank payments that come back by themselves say why, by an ACH return code; the gateway documents none."""
    features: frozenset[str] = frozenset()
    """Those of `FEATURES` that every merchant here has."""
    seed_ids: tuple[str, ...] = ()
    """Names under which the third-party suite looks for resources; the conformance seed answers to them."""
    cutoff: Cutoff = field(default_factory=Cutoff)
    """When open batches close, every day."""


def settings_read(environment: Mapping[str, str]) -> Settings:
    """Build the settings, so that a wrong variable is named before the server listens.

    Raises:
        SettingsError: a variable cannot be understood.
    """
    port = _whole_number(environment, "GPSANDBOX_PORT", default=8090, most=65535)
    conformance = environment.get("GPSANDBOX_CONFORMANCE", "0") == "1"
    return Settings(
        host=environment.get("GPSANDBOX_HOST", "127.0.0.1"),
        port=port,
        database=Path(environment.get("GPSANDBOX_DB", ".data/gpsandbox.sqlite3")),
        apps=_apps(environment.get("GPSANDBOX_APPS", "sandbox-app:sandbox-key")),
        secret=environment.get("GPSANDBOX_SECRET", ""),
        delay_ms=_whole_number(environment, "GPSANDBOX_DELAY_MS", default=0, most=600_000),
        allowed_origins=_listed(environment.get("GPSANDBOX_ALLOWED_ORIGINS", DEFAULT_ORIGINS)),
        processes=_whole_number(environment, "GPSANDBOX_PROCESSES", default=1, most=64) or 1,
        conformance=conformance,
        public_url=environment.get("GPSANDBOX_URL", "").rstrip("/"),
        acs_url=environment.get("GPSANDBOX_ACS_URL", "").rstrip("/") or f"http://acs.localhost:{port}",
        three_ds_version=_three_ds_version(environment, default="2.1.0" if conformance else "2.2.0"),
        notify_hosts=_listed(environment.get("GPSANDBOX_NOTIFY_HOSTS", "").lower()),
        notify_disputes=environment.get("GPSANDBOX_NOTIFY_DISPUTES", "0") == "1",
        notify_settlement=environment.get("GPSANDBOX_NOTIFY_SETTLEMENT", "0") == "1",
        return_codes=environment.get("GPSANDBOX_RETURN_CODES", "0") == "1",
        features=_features(environment.get("GPSANDBOX_FEATURES", DEFAULT_FEATURES)),
        seed_ids=_listed(environment.get("GPSANDBOX_SEED_IDS", "")),
        cutoff=_cutoff(environment.get("GPSANDBOX_CUTOFF", "22:00 UTC")),
    )


def _cutoff(text: str) -> Cutoff:
    try:
        return timetable.cutoff(text)
    except ValueError as error:
        raise SettingsError(f"GPSANDBOX_CUTOFF={text!r} must look like 22:00 UTC: {error}.") from None


def _whole_number(environment: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or int(text) > most:
        raise SettingsError(f"{name}={text!r} must be a whole number from 0 to {most}.")
    return int(text)


def _three_ds_version(environment: Mapping[str, str], *, default: str) -> str:
    version = environment.get("GPSANDBOX_THREE_DS_VERSION", "") or default
    if version not in ("2.1.0", "2.2.0"):
        raise SettingsError(f"GPSANDBOX_THREE_DS_VERSION={version!r} must be 2.1.0 or 2.2.0.")
    return version


def _apps(text: str) -> dict[str, str]:
    apps = {}
    for pair in _listed(text):
        app_id, colon, app_key = pair.partition(":")
        if not (app_id and colon and app_key):
            raise SettingsError("GPSANDBOX_APPS must look like app_id:app_key,app_id2:app_key2.")
        apps[app_id] = app_key
    if not apps:
        raise SettingsError("GPSANDBOX_APPS names no app: nobody could sign in.")
    return apps


def _features(text: str) -> frozenset[str]:
    features = frozenset(_listed(text))
    if unknown := features - frozenset(FEATURES):
        raise SettingsError(f"GPSANDBOX_FEATURES names {', '.join(sorted(unknown))}; there are {', '.join(FEATURES)}.")
    return features


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
