"""Everything we change in the gateway's SDK, in one place, and the only import of it.

The SDK's sign-in, transport and error types are kept; what is unsafe in them is closed here when this module is
imported, before anything can be sent. Each change names the defect it closes. The pinned release is checked at import
and every symbol named in `RELIED_ON` is fingerprinted by `tests/contract/test_sdk_canary.py`.
"""

import json
from importlib.metadata import version
from typing import Any, NoReturn

import certifi
import globalpayments.api.gateways as sdk_gateways
import globalpayments.api.utils.serializer as sdk_serializer
import urllib3
import urllib3.contrib.pyopenssl
from globalpayments.api import GpApiConfig
from globalpayments.api.builders.request_builder.GpApi.AccessTokenRequest import AccessTokenRequest
from globalpayments.api.builders.request_builder.GpApi.GpApiSessionInfo import GpApiSessionInfo
from globalpayments.api.entities.exceptions import GatewayException
from globalpayments.api.entities.gp_api import GpApiRequest, GpApiTokenResponse
from globalpayments.api.gateways import Gateway, GpApiConnector, RestGateway
from globalpayments.api.gateways.gateway_response import GatewayResponse
from globalpayments.api.utils import StringUtils
from globalpayments.api.utils.sensitive_data_utils import ProtectSensitiveData

__all__ = [
    "AUDITED_VERSION",
    "RELIED_ON",
    "BuildersClosed",
    "GatewayException",
    "GatewayResponse",
    "GpApiConfig",
    "GpApiConnector",
    "GpApiRequest",
    "GpApiSessionInfo",
    "GpApiTokenResponse",
    "UnauditedSdk",
    "harden",
]

AUDITED_VERSION = "2.0.8"
"""The only release whose source was read for this file."""

RELIED_ON: dict[str, Any] = {
    "AccessTokenRequest": AccessTokenRequest,
    "Gateway": Gateway,
    "GatewayException": GatewayException,
    "GatewayResponse": GatewayResponse,
    "GpApiConfig": GpApiConfig,
    "GpApiConnector": GpApiConnector,
    "GpApiRequest": GpApiRequest,
    "GpApiSessionInfo": GpApiSessionInfo,
    "GpApiTokenResponse": GpApiTokenResponse,
    "ProtectSensitiveData": ProtectSensitiveData,
    "RestGateway": RestGateway,
    "StringUtils.to_numeric": StringUtils.to_numeric,
    "serializer.object_serialize": sdk_serializer.object_serialize,
}
"""What we subclass, call or replace, as the SDK ships it (taken before the replacements below)."""

_THREE_DS_NAMES = {"server_trans_reference": "server_trans_ref", "ds_trans_reference": "ds_trans_ref"}


class UnauditedSdk(ImportError):
    """Another release of the SDK is installed than the one that was read. Nothing was sent; install the pinned one."""


class BuildersClosed(RuntimeError):
    """The SDK's own request builders were used for money. They lose cents; use `bodies`. Nothing was sent."""


class JsonOnly:
    """Stands where the SDK uses jsonpickle, whose decoder builds any object, and so runs any code, a body names."""

    @staticmethod
    def decode(text: str | bytes, *_: Any, **__: Any) -> Any:
        return json.loads(text)

    @staticmethod
    def encode(value: Any, *_: Any, **__: Any) -> str:
        return json.dumps(with_right_names(value))


def with_right_names(value: Any) -> Any:
    """The SDK sends 3-D Secure references under names the API does not know; these are the API's."""
    if isinstance(value, dict):
        return {_THREE_DS_NAMES.get(key, key): with_right_names(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_right_names(item) for item in value]
    return value


def _no_amounts(value: Any) -> NoReturn:
    raise BuildersClosed(f"The SDK was asked to convert the amount {value!r}; it knows no currency and drops cents.")


def _nothing_masked(*_: Any, **__: Any) -> dict[str, str]:
    return {}


def harden() -> None:
    """Close the SDK's holes for this process. Safe to call again.

    Raises:
        UnauditedSdk: not the release that was read.
    """
    installed = version("globalpayments-api")
    if installed != AUDITED_VERSION:
        raise UnauditedSdk(f"globalpayments-api {installed} is installed; {AUDITED_VERSION} was read and hardened.")
    # A float times a hundred, cut off: 19.99 became "1998", and every currency had two decimals.
    _replace(StringUtils, "to_numeric", staticmethod(_no_amounts))
    # An error body could run code.
    _replace(sdk_gateways, "jsonpickle", JsonOnly)
    _replace(sdk_serializer, "jsonpickle", JsonOnly)
    # Importing the SDK switches TLS for the whole process to pyOpenSSL.
    urllib3.contrib.pyopenssl.extract_from_urllib3()
    # The SDK's own pool waits for ever, retries and follows redirects. Our connector does not use it; nothing else may.
    patience = urllib3.Timeout(connect=5, read=30)
    pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=certifi.where(), retries=False, timeout=patience)
    _replace(sdk_gateways, "HTTP", pool)
    # The SDK's builders keep the first four and last six digits of card numbers in memory for ever.
    _replace(ProtectSensitiveData, "hide_value", staticmethod(_nothing_masked))
    _replace(ProtectSensitiveData, "hide_values", staticmethod(_nothing_masked))


def _replace(owner: Any, name: str, value: Any) -> None:
    """Put ours where the SDK's was; a name that is not there any more would otherwise be hardened in vain."""
    if not hasattr(owner, name):
        raise UnauditedSdk(f"The SDK has no {owner.__name__}.{name} any more.")
    setattr(owner, name, value)


harden()
