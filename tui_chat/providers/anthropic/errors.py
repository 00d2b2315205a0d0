"""Maps errors of the Messages API to errors of the core, by the API's error type or by the status.

Messages are free of secrets.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import httpx2

from tui_chat.core.error import (
    KeyRejected,
    Overloaded,
    ProtocolBroken,
    ProviderError,
    RateLimited,
    RequestRefused,
    StreamCut,
    Unreachable,
)
from tui_chat.core.masking import NO_SECRETS, Masker
from tui_chat.providers.bounded_body import page_title, parse_json
from tui_chat.providers.error_details import causes, request_id_in, retry_after_s, shown_text
from tui_chat.providers.values import mapping_of, text_of

_TOO_LONG = re.compile(
    r"prompt is too long|exceeds? .{0,100}context|context (?:window|limit)|too large", re.IGNORECASE
)
_NO_CREDIT = re.compile(r"credit balance|billing|spend limit", re.IGNORECASE)
_MAX_MESSAGE = 2_000
_MAX_PAGE = 64_000
_REQUEST_ID_HEADERS = ("request-id", "x-request-id")

_BY_TYPE: dict[str, tuple[type[ProviderError], str]] = {
    "authentication_error": (KeyRejected, "rejected"),
    "permission_error": (KeyRejected, "forbidden"),
    "rate_limit_error": (RateLimited, ""),
    "billing_error": (RateLimited, "quota"),
    "overloaded_error": (Overloaded, ""),
    "api_error": (Overloaded, ""),
    "timeout_error": (Overloaded, "timeout"),
    "not_found_error": (RequestRefused, "not_found"),
    "request_too_large": (RequestRefused, "too_long"),
    "invalid_request_error": (RequestRefused, "bad_request"),
}
_BY_STATUS: dict[int, tuple[type[ProviderError], str]] = {
    401: (KeyRejected, "rejected"),
    402: (RateLimited, "quota"),
    403: (KeyRejected, "forbidden"),
    404: (RequestRefused, "not_found"),
    407: (Unreachable, "proxy"),
    408: (Unreachable, "timeout"),
    413: (RequestRefused, "too_long"),
    429: (RateLimited, ""),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error response, or an error in a stream."""

    status: int
    error_type: str = ""
    """The API's name for the kind of error."""
    message: str = ""
    code: str = ""
    """A finer distinction within the error type, where the API makes one."""
    headers: Mapping[str, str] = field(default_factory=dict)
    in_stream: bool = False


def error_from_refusal(refusal: Refusal, masker: Masker = NO_SECRETS) -> ProviderError:
    refusal = replace(refusal, message=shown_text(refusal.message, masker)[:_MAX_MESSAGE])
    error_class, detail = _class_and_detail(refusal)
    return error_class(
        refusal.message or f"the server answered with status {refusal.status}",
        detail=detail,
        request_id=request_id_of(refusal.headers, masker),
        retry_after_s=retry_after_s(refusal.headers),
        status=refusal.status,
    )


def error_from_response(response: httpx2.Response, body: bytes, masker: Masker = NO_SECRETS) -> ProviderError:
    """Return the core's error for a response with a status of 300 or more."""
    text = body.decode("utf-8", "replace").strip()
    try:
        answer: object = parse_json(text)
    except ValueError:
        answer = text
    error_json = mapping_of(mapping_of(answer).get("error"))
    message = text_of(error_json.get("message"))
    if not message and 300 <= response.status_code < 400:
        message = f"the server redirects to {response.headers.get('location', 'another address')}"
    if not message and isinstance(answer, str):
        message = page_message(answer, masker)
    code = text_of(mapping_of(error_json.get("details")).get("error_code"))
    error_type = text_of(error_json.get("type"))
    return error_from_refusal(Refusal(response.status_code, error_type, message, code, response.headers), masker)


def _class_and_detail(refusal: Refusal) -> tuple[type[ProviderError], str]:
    by_type = _BY_TYPE.get(refusal.error_type)
    if by_type is None and refusal.in_stream:
        return StreamCut, "error"
    error_class, detail = by_type or _BY_STATUS.get(refusal.status) or _by_status_range(refusal.status)
    if error_class is RequestRefused and _NO_CREDIT.search(refusal.message):
        return RateLimited, "quota"
    if error_class is RateLimited and ("spend_limit" in refusal.code or _NO_CREDIT.search(refusal.message)):
        return RateLimited, "quota"
    if error_class is RequestRefused and _TOO_LONG.search(refusal.message):
        return error_class, "too_long"
    if detail == "not_found" and "model" in refusal.message:
        return error_class, "no_such_model"
    return error_class, detail


def _by_status_range(status: int) -> tuple[type[ProviderError], str]:
    if status >= 500:
        return Overloaded, "gateway" if status in (502, 504) else ""
    if status >= 400:
        return RequestRefused, "bad_request"
    return ProtocolBroken, "redirect" if status >= 300 else ""


def connection_error(error: BaseException, masker: Masker = NO_SECRETS, host: str = "") -> ProviderError:
    """Return the error for a connection that failed before a response, by its root cause."""
    to = f" to {host}" if host else ""
    for cause in causes(error):
        match cause:
            case httpx2.TimeoutException() | TimeoutError():
                return Unreachable(
                    f"no answer from {host} in time" if host else "no answer in time", detail="timeout"
                )
            case httpx2.ProxyError():
                return Unreachable(_text_of(cause, masker) or "the proxy refused", detail="proxy")
            case ssl.SSLError():
                return Unreachable(_text_of(cause, masker), detail="tls")
            case socket.gaierror():
                return Unreachable(_text_of(cause, masker), detail="dns")
            case ConnectionRefusedError():
                return Unreachable(f"the connection{to} was refused", detail="refused")
            case httpx2.UnsupportedProtocol() | httpx2.InvalidURL() | httpx2.LocalProtocolError():
                return RequestRefused(
                    f"the address or a header is not valid: {type(cause).__name__}", detail="bad_url"
                )
            case httpx2.TooManyRedirects():
                return ProtocolBroken("the server redirects without end", detail="redirect")
    texts = [text for cause in causes(error) if (text := _text_of(cause, masker))]
    return Unreachable(texts[-1] if texts else "the connection failed")


def stream_cut_error(error: BaseException, request_id: str | None) -> StreamCut:
    """Return the error for a failure after the response has started."""
    match error:
        case httpx2.TimeoutException():
            return StreamCut(
                "the server went silent in the middle of the reply", detail="stalled", request_id=request_id
            )
        case ValueError() | RecursionError() | httpx2.DecodingError():
            return StreamCut("what the server sent cannot be read", detail="garbled", request_id=request_id)
    return StreamCut("the connection broke in the middle of the reply", detail="dropped", request_id=request_id)


def page_message(text: str, masker: Masker = NO_SECRETS) -> str:
    """Return one line from a web page, or from another body that is no error of the API."""
    text = text[:_MAX_PAGE]
    line = page_title(text) or ("" if text.lstrip().startswith("<") else text)
    return " ".join(shown_text(line, masker).split())[:200]


def request_id_of(headers: Mapping[str, str], masker: Masker) -> str | None:
    return request_id_in(headers, _REQUEST_ID_HEADERS, masker)


def _text_of(error: BaseException, masker: Masker) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shown_text(text, masker)[:_MAX_MESSAGE]
