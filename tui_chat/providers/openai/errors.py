"""Maps errors of the OpenAI wire to errors of the core: error responses, errors in a stream, failed connections.

Messages are readable, short and free of secrets: text is masked before it is cut.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any

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
from tui_chat.providers.bounded_body import page_text, page_title, parse_json
from tui_chat.providers.error_details import causes, request_id_in, retry_after_s, shown_text

_MAX_MESSAGE = 600
_MAX_PARTS = 100
"""Messages that are read from one error."""
_MAX_DEPTH = 20
_MAX_NAME = 100
_MAX_PAGE = 64_000
"""Characters that are read of a web page."""
_TOO_LONG = re.compile(
    r"context.?(length|window|size)|too many (input )?tokens|maximum context|reduce the length"
    r"|(input|prompt|request).{0,30}too (long|large)|exceeds? the (maximum|available|limit)",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model.{0,80}(not.?found|not exist|no such|not supported|unknown|not available|decommissioned|invalid)"
    r"|(unknown|invalid|no such|unsupported|not a valid) model|try pulling it first",
    re.IGNORECASE | re.DOTALL,
)
_BAD_KEY = re.compile(
    r"(incorrect|invalid|missing|no) api.?key|api.?key (is )?(not valid|invalid|missing)|no connected db",
    re.IGNORECASE,
)
"""LiteLLM's proxy reports an unknown key as "no connected db", since it would have to look the key up."""
_QUOTA = re.compile(
    r"insufficient.{0,10}(quota|balance|credit|funds)|exceeded your current quota|billing|out of credit", re.I
)
_FLAGGED = re.compile(
    r"content.?(policy|filter|management)|moderation|flagged|safety|bio_policy|policy_violation", re.IGNORECASE
)
_BAD_FILE = re.compile(
    r"invalid_(image|base64)|(unsupported|empty)_image|image_(too|parse|file)|failed_to_download_image"
    r"|image (input|data).{0,20}(not supported|required)|not support.{0,20}(image|vision)|mmproj|not a multimodal"
    r"|unknown variant `?image_url|required for image input|content must be a string",
    re.IGNORECASE,
)
"""What servers answer to an image that they, or their model, do not take; llama.cpp and Ollama with status 500."""
_REFUSED_INPUT = rf"invalid_prompt|{_FLAGGED.pattern}|data_residency|{_BAD_FILE.pattern}"
"""Codes and words for a prompt or a file that is not taken."""
_STATUS_BY_TEXT = (
    (429, re.compile(r"rate.?limit|insufficient_quota|too many requests", re.IGNORECASE)),
    (529, re.compile(r"overloaded", re.IGNORECASE)),
    (401, _BAD_KEY),
    (404, _NO_MODEL),
    (400, re.compile(rf"invalid_request|{_REFUSED_INPUT}|{_TOO_LONG.pattern}", re.IGNORECASE)),
)
REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-litellm-call-id",
    "x-amzn-requestid",
    "cf-ray",
)


def error_from_response(response: httpx2.Response, body: bytes, masker: Masker = NO_SECRETS) -> ProviderError:
    """Return the error for a response with a status of 300 or more."""
    message, code = message_in(body, response.headers.get("content-type", ""))
    return _by_status(response.status_code, _one_line(message, masker), code, response.headers, masker)


def error_in_stream(error_json: Any, has_started: bool, masker: Masker = NO_SECRETS) -> ProviderError:
    """Return the error for an error object in a stream: a cut once the reply has started, else as for a response."""
    raw_message, code = _message_and_code(error_json)
    message = _one_line(raw_message, masker)
    codes = (
        [_number(error_json.get(name)) for name in ("code", "status_code", "status")]
        if isinstance(error_json, Mapping)
        else []
    )
    status = next((int(number) for number in codes if number), None)
    if has_started:
        return StreamCut(message or "the server reported an error", detail="error", status=status)
    if status is None or not 400 <= status < 600:
        text = f"{code[:_MAX_MESSAGE]} {message}"
        status = next((number for number, pattern in _STATUS_BY_TEXT if pattern.search(text)), 500)
    return _by_status(status, message, code, {}, masker)


def connection_error(error: Exception, host: str, has_started: bool, masker: Masker = NO_SECRETS) -> ProviderError:
    if has_started:
        if isinstance(error, httpx2.TimeoutException):
            return StreamCut("nothing has come for too long", detail="stalled")
        garbled = isinstance(error, httpx2.DecodingError)
        return StreamCut("the connection broke off", detail="garbled" if garbled else "dropped")
    chain = list(causes(error))
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError):
        return RequestRefused("the request cannot be sent: its address or a header is wrong", detail="bad_url")
    if isinstance(error, httpx2.ProxyError):
        return Unreachable(f"the proxy refuses: {_one_line(str(error), masker)}", detail="proxy")
    if any(isinstance(cause, ssl.SSLError) for cause in chain):
        return Unreachable(f"no safe connection to {host}: {_tls_reason(chain)}", detail="tls")
    if any(isinstance(cause, socket.gaierror) for cause in chain):
        return Unreachable(f"{host} is not known", detail="dns")
    if isinstance(error, httpx2.TimeoutException) or any(isinstance(cause, TimeoutError) for cause in chain):
        return Unreachable(f"{host} does not answer", detail="timeout")
    if any(isinstance(cause, ConnectionRefusedError) for cause in chain) or isinstance(error, httpx2.ConnectError):
        return Unreachable(f"{host} takes no connections", detail="refused")
    return Unreachable(f"the connection to {host} broke off before an answer came")


def not_a_reply_error(body: bytes | bytearray, content_type: str, masker: Masker = NO_SECRETS) -> ProtocolBroken:
    """Return the error for a response with a success status whose body is not a reply."""
    if not body.strip():
        return ProtocolBroken("the answer was empty", detail="empty")
    if "html" in content_type.lower() or body[:1] == b"<":
        message, _ = message_in(bytes(body[:_MAX_PAGE]), content_type)
        return ProtocolBroken(f"the answer was a web page: {_one_line(message, masker)}", detail="html")
    return ProtocolBroken("the answer is no chat completion", detail="shape")


def message_in(body: bytes, content_type: str) -> tuple[str, str]:
    """Return the message and the code in an error body: JSON of any shape, a web page, or plain text."""
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("data:"):
        # LiteLLM answers with the start of a stream.
        text = text.partition("\n")[0].removeprefix("data:").strip()
    try:
        return _message_and_code(parse_json(text))
    except ValueError:
        pass
    if "html" in content_type.lower() or text[:1] == "<":
        text = page_title(text) or page_text(text)
    return text, ""


def _by_status(status: int, message: str, code: str, headers: Mapping[str, str], masker: Masker) -> ProviderError:
    error_class, detail = _class_and_detail(status, f"{code[:_MAX_MESSAGE]} {message}")
    return error_class(
        message or f"the answer was {status} and nothing more",
        detail=detail,
        status=status,
        request_id=request_id_in(headers, REQUEST_ID_HEADERS, masker),
        retry_after_s=retry_after_s(headers),
    )


def _class_and_detail(status: int, text: str) -> tuple[type[ProviderError], str]:
    """Choose by the status, and by the text where servers use one status for several errors."""
    if status == 402 or (status in (403, 429) and _QUOTA.search(text)):
        return RateLimited, "quota"
    if status == 429:
        return RateLimited, ""
    if status == 401 or (status == 400 and _BAD_KEY.search(text)):
        return KeyRejected, "rejected"
    if status == 403:
        return (RequestRefused, "flagged") if _FLAGGED.search(text) else (KeyRejected, "forbidden")
    if status in (400, 415, 422, 500, 501) and not _FLAGGED.search(text) and _BAD_FILE.search(text):
        return RequestRefused, "bad_file"
    if status in (407, 408):
        return Unreachable, {407: "proxy", 408: "timeout"}[status]
    if status in (425, 498, 499) or status >= 500:
        return Overloaded, "gateway" if status in (502, 504) else ""
    if status < 400:
        return ProtocolBroken, "redirect"
    if status == 413 or _TOO_LONG.search(text):
        return RequestRefused, "too_long"
    if _NO_MODEL.search(text):
        return RequestRefused, "no_such_model"
    if status in (404, 405, 410):
        return RequestRefused, "not_found"
    return RequestRefused, "flagged" if _FLAGGED.search(text) else "bad_request"


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < 1e9 else None


def _message_and_code(error_json: Any, depth: int = 0) -> tuple[str, str]:
    """Read an error object of any shape that servers send."""
    if isinstance(error_json, str):
        return error_json, ""
    if depth > _MAX_DEPTH:
        return "", ""
    if isinstance(error_json, list):
        parts = [_message_and_code(part, depth + 1) for part in error_json[:_MAX_PARTS]]
        return "; ".join(message for message, _ in parts if message), next((code for _, code in parts if code), "")
    if not isinstance(error_json, Mapping):
        return "", ""
    code = " ".join(
        str(error_json[name]) for name in ("code", "type", "status") if isinstance(error_json.get(name), str)
    )
    for name in ("error", "errors", "message", "msg", "detail", "details", "description", "title"):
        if error_json.get(name):
            message, inner_code = _message_and_code(error_json[name], depth + 1)
            return _with_source(message, error_json), f"{code} {inner_code}".strip()
    return "", code


def _with_source(message: str, error_json: Mapping[str, Any]) -> str:
    """Add what a gateway passes on from the server behind it, or the path of the rejected value."""
    metadata = error_json.get("metadata")
    if isinstance(metadata, Mapping) and isinstance(raw := metadata.get("raw"), str):
        inner, _ = message_in(raw[:_MAX_PAGE].encode("utf-8", "replace"), "")
        name = metadata.get("provider_name")
        source = name[:_MAX_NAME] if name and isinstance(name, str) else "behind it"
        return f"{message} ({source}: {inner})" if inner else message
    if isinstance(path := error_json.get("loc"), list) and path:
        steps = [str(step)[:_MAX_NAME] for step in path[:_MAX_DEPTH] if isinstance(step, str | int)]
        return f"{'.'.join(steps)}: {message}"
    return message


def _one_line(text: str, masker: Masker) -> str:
    text = " ".join(shown_text(text, masker).split())
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"


def _tls_reason(chain: list[BaseException]) -> str:
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or "its certificate is not trusted"
    return "it does not speak TLS as it should"
