"""One API call on its way through the sandbox."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gpsandbox import accounts, clock, errors, ids
from gpsandbox.accounts import Account, Merchant
from gpsandbox.settings import Settings
from gpsandbox.store import Store

VERSION = "2021-03-22"
"""The API's version."""


@dataclass(frozen=True)
class Session:
    """Who calls, proved by an access token."""

    app_id: str
    token_hash: str
    permissions: frozenset[str]
    restricted: bool

    @property
    def merchant(self) -> Merchant:
        return accounts.merchant_of(self.app_id)


NOBODY = Session(app_id="", token_hash="", permissions=frozenset(), restricted=False)


@dataclass(frozen=True)
class ForcedDecline:
    """A fault rule's wish: decline this call, whatever the card says."""

    result: str
    message: str


@dataclass
class Call:
    """What a handler gets. It answers with a dict (always HTTP 200) or raises `ApiError`."""

    settings: Settings
    store: Store
    method: str
    endpoint: str
    """The route's pattern, such as `/transactions/{id}/refund`."""
    path: str
    path_id: str
    query: dict[str, str]
    body: dict[str, Any]
    idempotency_key: str
    version: str
    """The X-GP-Version header."""
    token: str = field(repr=False)
    now: datetime
    session: Session = NOBODY
    forced: ForcedDecline | None = None
    fault: str = ""
    """Which fault rule struck, for the journal."""
    resource_id: str = ""
    """Set by the handler: what a repeated idempotency key is told."""
    reference: str = ""
    """What the journal files this call under."""
    action_type: str = ""
    """What the log of actions calls it, as far as the handler came."""

    @classmethod
    def by_ourselves(
        cls, settings: Settings, store: Store, *, app_id: str, method: str, endpoint: str, **more: Any
    ) -> "Call":
        """A call that the sandbox makes for an app: a payment on its own page, a notification."""
        call = cls(
            settings=settings,
            store=store,
            method=method,
            endpoint=endpoint,
            path=more.get("path", f"/ucp{endpoint}"),
            path_id="",
            query={},
            body=more.get("body", {}),
            idempotency_key=more.get("idempotency_key", ""),
            version=VERSION,
            token="",
            now=clock.now(store),
        )
        call.session = Session(app_id=app_id, token_hash="", permissions=accounts.ALL_PERMISSIONS, restricted=False)
        return call

    @property
    def app_id(self) -> str:
        return self.session.app_id

    @property
    def stamp(self) -> str:
        return clock.stamp(self.now)

    def allow(self, *permissions: str) -> None:
        """Refuse unless the token holds one of `permissions`."""
        if not self.session.permissions.intersection(permissions):
            raise errors.not_permitted()

    def account(self, name: str, *, required: bool = False) -> Account:
        """The account the call names, which must be the token's own account `name`.

        With `required`, naming one is mandatory; otherwise leaving it out means the default.
        """
        account = self.session.merchant.account(name)
        given_name, given_id = self._given("account_name"), self._given("account_id")
        if required and not (given_name or given_id):
            raise errors.missing("account_name")
        if self.settings.conformance and given_id:
            given_id = account.id  # the suite names accounts of a merchant that lives elsewhere
        given_name = accounts.OTHER_NAMES.get(given_name, given_name)
        if given_name not in ("", account.name) or given_id not in ("", account.id):
            raise errors.account_mismatch()
        return account

    def _given(self, name: str) -> str:
        """A field of the body, or else of the query."""
        value = self.body.get(name) or self.query.get(name, "")
        if not isinstance(value, str):
            raise errors.unexpected_data(name)
        return value

    def action(self, kind: str, *, result: str = "SUCCESS", action_id: str = "") -> dict[str, Any]:
        """The `action` block every resource ends with."""
        self.action_type = kind
        return {
            "id": action_id or ids.new("ACT"),
            "type": kind,
            "time_created": self.stamp,
            "result_code": result,
            "app_id": self.app_id,
            "app_name": self.app_id,
        }

    def owner(self, account: Account) -> dict[str, str]:
        """The merchant and account block of an answer; a restricted token sees masked ids."""
        merchant = self.session.merchant
        return {
            "merchant_id": self.mask(merchant.id),
            "merchant_name": merchant.name,
            "account_id": self.mask(account.id),
            "account_name": account.name,
        }

    def mask(self, resource_id: str) -> str:
        return f"{resource_id[:4]}{'X' * (len(resource_id) - 4)}" if self.session.restricted else resource_id
