"""What goes wrong on the OpenAI-compatible wire → the errors of the core: in answers, in streams, on the way there.

Messages come out readable, short, and without any secret: text is masked first and cut after.
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
from tui_chat.providers.retry_after import causes, request_id_in, retry_after_s, shown_text

_LONGEST_MESSAGE = 600
_MOST_PARTS = 100
"""Messages in one error that are read."""
_DEEPEST = 20
_LONGEST_NAME = 100
_LONGEST_PAGE = 64_000
"""Of a page in place of a reply, what is looked at."""
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
"""The last is how LiteLLM's proxy says it of a key it would have to look up."""
_QUOTA = re.compile(
    r"insufficient.{0,10}(quota|balance|credit|funds)|exceeded your current quota|billing|out of credit", re.I
)
_FLAGGED = re.compile(r"content.?(policy|filter|management)|moderation|flagged|safety", re.IGNORECASE)
_STATUS_BY_WORDS = (
    (429, re.compile(r"rate.?limit|insufficient_quota|too many requests", re.IGNORECASE)),
    (529, re.compile(r"overloaded", re.IGNORECASE)),
    (401, _BAD_KEY),
    (404, _NO_MODEL),
    (400, re.compile(rf"invalid_request|{_TOO_LONG.pattern}", re.IGNORECASE)),
)
REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-litellm-call-id",
    "x-amzn-requestid",
    "cf-ray",
)


def error_of(response: httpx2.Response, body: bytes, masker: Masker = NO_SECRETS) -> ProviderError:
    """The error an answer with a status of 300 and more stands for."""
    said, code = said_in(body, response.headers.get("content-type", ""))
    return _by_status(response.status_code, _tidy(said, masker), code, response.headers, masker)


def error_in_stream(told: Any, begun: bool, masker: Masker = NO_SECRETS) -> ProviderError:
    """The error an error object inside a stream stands for: a cut once something has come, else as an answer's."""
    said, code = _said(told)
    message = _tidy(said, masker)
    codes = (
        [_number(told.get(name)) for name in ("code", "status_code", "status")] if isinstance(told, Mapping) else []
    )
    status = next((int(number) for number in codes if number), None)
    if begun:
        return StreamCut(message or "the server reported an error", detail="error", status=status)
    if status is None or not 400 <= status < 600:
        words_said = f"{code[:_LONGEST_MESSAGE]} {message}"
        status = next((number for number, words in _STATUS_BY_WORDS if words.search(words_said)), 500)
    return _by_status(status, message, code, {}, masker)


def error_on_the_way(error: Exception, host: str, begun: bool, masker: Masker = NO_SECRETS) -> ProviderError:
    """The error a failed connection stands for."""
    if begun:
        if isinstance(error, httpx2.TimeoutException):
            return StreamCut("nothing has come for too long", detail="stalled")
        garbled = isinstance(error, httpx2.DecodingError)
        return StreamCut("the connection broke off", detail="garbled" if garbled else "dropped")
    below = list(causes(error))
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError):
        return RequestRefused("the request cannot be sent: its address or a header is wrong", detail="bad_url")
    if isinstance(error, httpx2.ProxyError):
        return Unreachable(f"the proxy refuses: {_tidy(str(error), masker)}", detail="proxy")
    if any(isinstance(cause, ssl.SSLError) for cause in below):
        return Unreachable(f"no safe connection to {host}: {_tls_reason(below)}", detail="tls")
    if any(isinstance(cause, socket.gaierror) for cause in below):
        return Unreachable(f"{host} is not known", detail="dns")
    if isinstance(error, httpx2.TimeoutException) or any(isinstance(cause, TimeoutError) for cause in below):
        return Unreachable(f"{host} does not answer", detail="timeout")
    if any(isinstance(cause, ConnectionRefusedError) for cause in below) or isinstance(error, httpx2.ConnectError):
        return Unreachable(f"{host} takes no connections", detail="refused")
    return Unreachable(f"the connection to {host} broke off before an answer came")


def _by_status(status: int, message: str, code: str, headers: Mapping[str, str], masker: Masker) -> ProviderError:
    kind, detail = _kind_of(status, f"{code[:_LONGEST_MESSAGE]} {message}")
    return kind(
        message or f"the answer was {status} and nothing more",
        detail=detail,
        status=status,
        request_id=request_id_in(headers, REQUEST_ID_HEADERS, masker),
        retry_after_s=retry_after_s(headers),
    )


def _kind_of(status: int, told: str) -> tuple[type[ProviderError], str]:
    """Kind and detail by the status, and by the words where servers share a status between several faults."""
    if status == 402 or (status in (403, 429) and _QUOTA.search(told)):
        return RateLimited, "quota"
    if status == 429:
        return RateLimited, ""
    if status == 401 or (status == 400 and _BAD_KEY.search(told)):
        return KeyRejected, "rejected"
    if status == 403:
        return (RequestRefused, "flagged") if _FLAGGED.search(told) else (KeyRejected, "forbidden")
    if status in (407, 408):
        return Unreachable, {407: "proxy", 408: "timeout"}[status]
    if status in (425, 498, 499) or status >= 500:
        return Overloaded, ""
    if status < 400:
        return ProtocolBroken, "redirect"
    if status == 413 or _TOO_LONG.search(told):
        return RequestRefused, "too_long"
    if _NO_MODEL.search(told):
        return RequestRefused, "no_such_model"
    if status in (404, 405, 410):
        return RequestRefused, "not_found"
    return RequestRefused, "flagged" if _FLAGGED.search(told) else "bad_request"


def _number(written: Any) -> float | None:
    try:
        number = float(written)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < 1e9 else None


def said_in(body: bytes, content_type: str) -> tuple[str, str]:
    """What an error's body says, and its code; from JSON of any shape, a web page, or plain text."""
    text = body.decode("utf-8", "replace").strip()
    try:
        return _said(parse_json(text))
    except ValueError:
        pass
    if "html" in content_type.lower() or text[:1] == "<":
        text = page_title(text) or page_text(text)
    return text, ""


def _said(told: Any, depth: int = 0) -> tuple[str, str]:
    """Message and code of an error object of any of the shapes servers give it."""
    if isinstance(told, str):
        return told, ""
    if depth > _DEEPEST:
        return "", ""
    if isinstance(told, list):
        parts = [_said(one, depth + 1) for one in told[:_MOST_PARTS]]
        return "; ".join(message for message, _ in parts if message), next((code for _, code in parts if code), "")
    if not isinstance(told, Mapping):
        return "", ""
    code = " ".join(str(told[name]) for name in ("code", "type", "status") if isinstance(told.get(name), str))
    for name in ("error", "errors", "message", "msg", "detail", "details", "description", "title"):
        if told.get(name):
            message, inner = _said(told[name], depth + 1)
            return _with_source(message, told), f"{code} {inner}".strip()
    return "", code


def _with_source(message: str, told: Mapping[str, Any]) -> str:
    """With what a gateway passes on of the server behind it, and where a rejected value stood."""
    metadata = told.get("metadata")
    if isinstance(metadata, Mapping) and isinstance(raw := metadata.get("raw"), str):
        behind, _ = said_in(raw[:_LONGEST_PAGE].encode("utf-8", "replace"), "")
        name = metadata.get("provider_name")
        source = name[:_LONGEST_NAME] if name and isinstance(name, str) else "behind it"
        return f"{message} ({source}: {behind})" if behind else message
    if isinstance(place := told.get("loc"), list) and place:
        steps = [str(step)[:_LONGEST_NAME] for step in place[:_DEEPEST] if isinstance(step, str | int)]
        return f"{'.'.join(steps)}: {message}"
    return message


def _tidy(said: str, masker: Masker) -> str:
    said = " ".join(shown_text(said, masker).split())
    return said if len(said) <= _LONGEST_MESSAGE else f"{said[:_LONGEST_MESSAGE]}…"


def _tls_reason(below: list[BaseException]) -> str:
    for cause in below:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or "its certificate is not trusted"
    return "it does not speak TLS as it should"


def broken(body: bytes | bytearray, content_type: str, masker: Masker = NO_SECRETS) -> ProtocolBroken:
    """The error an answer stands for that calls itself a success and is no reply."""
    if not body.strip():
        return ProtocolBroken("the answer was empty", detail="empty")
    if "html" in content_type.lower() or body[:1] == b"<":
        said, _ = said_in(bytes(body[:_LONGEST_PAGE]), content_type)
        return ProtocolBroken(f"the answer was a web page: {_tidy(said, masker)}", detail="html")
    return ProtocolBroken("the answer is no chat completion", detail="shape")
