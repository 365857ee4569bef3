"""The gateway's error answers: HTTP status, short code, detailed code and text, as its own suites assert them."""

from typing import Any


class ApiError(Exception):
    """A refused call. The database transaction it came from is rolled back: nothing happened, no key is used up."""

    def __init__(self, status: int, code: str, detailed: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.detailed = detailed
        self.text = text

    def body(self) -> dict[str, Any]:
        return {
            "error_code": self.code,
            "detailed_error_code": self.detailed,
            "detailed_error_description": self.text,
        }


def invalid(detailed: str, text: str) -> ApiError:
    return ApiError(400, "INVALID_REQUEST_DATA", detailed, text)


def missing(*names: str, text: str = "Request expects the following fields {names}") -> ApiError:
    return ApiError(400, "MANDATORY_DATA_MISSING", "40005", text.format(names=", ".join(names)))


def conditionally_missing(*names: str) -> ApiError:
    return invalid("40007", f"Request expects the following conditionally mandatory fields {','.join(names)}.")


def data_element_missing(name: str) -> ApiError:
    """Of 3-D Secure, where each source needs data of its own."""
    return invalid("40233", f"Required Data Element {name}")


def unexpected_data(name: str) -> ApiError:
    return invalid("40213", f"{name} contains unexpected data")


def invalid_filter(name: str) -> ApiError:
    return invalid("40105", f"Invalid Value provided in the input field - {name}")


def wrong_value(name: str) -> ApiError:
    return invalid("40090", f"{name} value is invalid. Please check the format and data provided is correct.")


def unexpected_fields(*names: str) -> ApiError:
    return invalid("40043", f"Request contains unexpected fields: {', '.join(names)}")


def not_configured(**combination: str) -> ApiError:
    """The account does not have what the call asks for."""
    listed = ", ".join(f"{name} - {value}" for name, value in combination.items())
    return invalid("40041", f"Merchant configuration does not exist for the following combination: {listed}")


def rule_broken(text: str) -> ApiError:
    """A business rule of the account: amount, hold, surcharge, unsupported way to pay."""
    return invalid("50020", text)


def over_refunded(percent: int) -> ApiError:
    return invalid("40087", f"You may only refund up to {percent}% of the original amount")


def duplicate(transaction_id: str) -> ApiError:
    """What `check_for_duplicate` finds. The number and the text are ours; the short code is the gateway's."""
    return ApiError(400, "DUPLICATE_TRANSACTION", "40040", f"Transaction seen before: id={transaction_id}")


def nothing_to_edit() -> ApiError:
    return ApiError(
        400, "MANDATORY_DATA_MISSING", "50021", "Mandatory Fields missing [card expdate] See Developers Guide"
    )


def not_allowed_now(action: str, status: str) -> ApiError:
    return ApiError(400, "INVALID_ACTION", "40290", f"{action} is not allowed for a transaction with status {status}")


def authentication_not_allowed_now(action: str, status: str) -> ApiError:
    text = f"{action} is not allowed for an authentication with status {status}"
    return ApiError(400, "INVALID_ACTION", "40290", text)


def batch_closed(batch_id: str) -> ApiError:
    return ApiError(
        400, "INVALID_BATCH_ACTION", "40018", f"Batch {batch_id} is closed. The transaction can only be refunded."
    )


def dispute_unknown() -> ApiError:
    return invalid("40073", "101,Unable to locate dispute record for that ID. Please recheck the ID provided.")


def dispute_arn_unknown() -> ApiError:
    """`thevalue` is the gateway's own spelling."""
    return invalid("40048", "105,Unable to locate dispute record for arn. Please recheck thevalue provided for arn.")


def dispute_single_document() -> ApiError:
    return invalid(
        "40072",
        "131,The dispute stage, Retrieval, can be challenged with a single document only."
        " Please correct the request and resubmit",
    )


def dispute_document_missing() -> ApiError:
    return ApiError(
        400, "MANDATORY_DATA_MISSING", "40065", "Unable to challenge as No document provided with the request"
    )


def dispute_document_unknown() -> ApiError:
    return ApiError(400, "MANDATORY_DATA_MISSING", "40071", "128,No document found, please recheck the values provided")


def dispute_not_challengeable() -> ApiError:
    return ApiError(
        400,
        "INVALID_DISPUTE_ACTION",
        "40060",
        "117,Unable to challenge for that id. Please check the Case id again.",
    )


def dispute_not_acceptable() -> ApiError:
    return ApiError(
        400, "INVALID_DISPUTE_ACTION", "40067", "124,Unable to accept for that id. Please check the Case id again."
    )


def batch_empty() -> ApiError:
    return ApiError(400, "INVALID_BATCH_ACTION", "40017", "No transaction associated with batch")


def batch_unnamed() -> ApiError:
    return ApiError(400, "MANDATORY_DATA_MISSING", "40223", "Request expects the batch_id")


def batch_unknown(batch_id: str) -> ApiError:
    return ApiError(502, "ACTION_FAILED", "500010", f"Batch {batch_id} not found.")


def hold_expired() -> ApiError:
    return ApiError(400, "INVALID_ACTION", "40290", "Capture is not allowed: the authorization has expired")


def not_reauthorizable(why: str) -> ApiError:
    return invalid("40044", f"Invalid original transaction for reauthorization: {why}")


def not_authenticated() -> ApiError:
    return ApiError(401, "NOT_AUTHENTICATED", "40001", "Invalid access token")


def unknown_app() -> ApiError:
    return ApiError(403, "ACTION_NOT_AUTHORIZED", "40004", "App credentials not recognized")


def wrong_key() -> ApiError:
    return ApiError(403, "ACTION_NOT_AUTHORIZED", "40004", "Credentials not recognized to create access token.")


def not_permitted() -> ApiError:
    return ApiError(403, "ACTION_NOT_AUTHORIZED", "40212", "Permission not enabled to execute action")


def account_mismatch() -> ApiError:
    return ApiError(403, "ACTION_NOT_AUTHORIZED", "40003", "Access token and merchant info do not match")


def merchant_mismatch() -> ApiError:
    return ApiError(403, "ACTION_NOT_AUTHORIZED", "40003", "Token does not match merchant_name in the request")


def transaction_unknown(transaction_id: str) -> ApiError:
    return ApiError(404, "RESOURCE_NOT_FOUND", "40008", f"Transaction {transaction_id} not found at this location.")


def resource_unknown(plural: str, resource_id: str, path: str) -> ApiError:
    """`path` is relative to the host, such as `/ucp/transactions/TRN_1`."""
    return ApiError(404, "RESOURCE_NOT_FOUND", "40118", f"{plural} {resource_id} not found at this {path}")


def payment_method_unknown(payment_method_id: str) -> ApiError:
    return ApiError(
        404, "RESOURCE_NOT_FOUND", "40116", f"payment_method {payment_method_id} not found at this location."
    )


def authentication_unknown(authentication_id: str) -> ApiError:
    return ApiError(
        404, "RESOURCE_NOT_FOUND", "40118", f"Authentication {authentication_id} not found at this location."
    )


def key_seen_before(resource_id: str, *, status: str = "") -> ApiError:
    """`status` is told for the few resources whose state the gateway adds."""
    told = f", status={status}" if status else ""
    return ApiError(409, "DUPLICATE_ACTION", "40039", f"Idempotency Key seen before: id={resource_id}{told}")


def downstream(detailed: str, text: str) -> ApiError:
    return ApiError(502, "SYSTEM_ERROR_DOWNSTREAM", detailed, text)


def currency_not_for_card() -> ApiError:
    return downstream("50024", "currency card combination not allowed")


def no_answer_downstream() -> ApiError:
    return ApiError(504, "TIMEOUT_DOWNSTREAM", "50008", "No response from payment method provider.")


def too_many_requests() -> ApiError:
    return ApiError(429, "TOO_MANY_REQUESTS", "42900", "Too many requests. Please try again later.")


def our_fault() -> ApiError:
    return ApiError(500, "SYSTEM_ERROR_DOWNSTREAM", "50011", "The sandbox failed; its log says why.")
