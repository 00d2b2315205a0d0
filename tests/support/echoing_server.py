"""A server that sends every secret of a request back wherever it can, and a search for what leaked."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from tests.support.wire_server import EVENT_STREAM, Answer, Seen, Wire

MODES = (
    *("json", "page", "plain", "cut", "half", "request-id", "redirect", "raw", "reason"),
    *("stream-error", "finish", "tool-error", "page-200", "json-200", "base64"),
)
"""Where in its answer the server puts them; a prompt names one."""
_SHORT = 8


def secrets_in(seen: Seen) -> list[str]:
    """The secrets in the request."""
    found: list[str] = []
    for name in ("authorization", "x-api-key", "x-gateway-token", "x-team", "cookie"):
        if (value := seen.headers.get(name)) is None:
            continue
        found += [value, value.partition(" ")[2] or value]
        if value.startswith("Basic "):
            found += base64.b64decode(value[6:]).decode().split(":", 1)
    query = seen.path.partition("?")[2]
    return [*found, *(unquote(pair.partition("=")[2]) for pair in query.split("&") if pair)]


class EchoServer(Wire):
    """Answers on both wires. A list of models is named after the secrets; a prompt names where else they go."""

    def answer_to(self, seen: Seen) -> Answer:
        echo = " ".join(secrets_in(seen))
        if seen.method == "GET":
            return self._models(secrets_in(seen))
        content = seen.json["messages"][-1]["content"]
        mode = content if isinstance(content, str) else content[0]["text"]
        is_claude = seen.path.endswith("/messages")
        sentence = f"bad key: {echo}."
        headers = {"x-request-id": echo, "request-id": echo}
        match mode:
            case "json":
                return Answer.json({"error": {"message": sentence, "type": "authentication_error"}}, status=401)
            case "page":
                return Answer.html(f"<html><title>{sentence}</title></html>", status=401)
            case "plain":
                return Answer((sentence.encode(),), 403, {}, "text/plain")
            case "cut":
                at = 600 if is_claude else 560
                return Answer.json({"error": {"message": "x" * at + " " + sentence * 100}}, status=401)
            case "half":
                halves = " ".join(secret[: len(secret) - 1] + "*" for secret in secrets_in(seen))
                return Answer.json({"error": {"message": f"bad key: {halves}"}}, status=401)
            case "request-id":
                return Answer.json({"error": {"message": "no"}}, status=401, headers=headers)
            case "redirect":
                return Answer((b"",), 302, {"location": f"http://127.0.0.2:9/{echo.replace(' ', '/')}"})
            case "raw":
                raw = json.dumps({"error": {"message": sentence}})
                error = {"message": "behind", "metadata": {"raw": raw, "provider_name": echo}}
                return Answer.json({"error": error}, status=502)
            case "reason":
                return Answer.json({"detail": [{"loc": secrets_in(seen), "msg": sentence}]}, status=422)
            case "base64":
                raw = base64.b64encode(f"Authorization: {echo}".encode()).decode()
                return Answer.json({"error": {"message": f"got {raw}"}}, status=400)
            case "page-200":
                return Answer.html(f"<html><title>{sentence}</title></html>")
            case "json-200":
                return Answer.json({"type": "error", "error": {"message": sentence}})
        events = _claude(mode, sentence, echo) if is_claude else _openai(mode, sentence, echo)
        return Answer(tuple(events), headers=headers, content_type=EVENT_STREAM)

    def _models(self, secrets: Iterable[str]) -> Answer:
        entries = [{"id": secret, "display_name": f"named {secret}"} for secret in secrets]
        return Answer.json({"data": [{"id": "some-model"}, *entries], "has_more": False})


def _openai(mode: str, sentence: str, echo: str) -> Iterator[bytes]:
    yield _event({"choices": [{"delta": {"content": "half"}}]})
    if mode == "stream-error":
        yield _event({"error": {"message": sentence}})
    yield _event({"choices": [{"delta": {}, "finish_reason": echo}]})
    yield b"data: [DONE]\n\n"


def _claude(mode: str, sentence: str, echo: str) -> Iterator[bytes]:
    yield _event({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 1}}})
    yield _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "half"}})
    yield _event({"type": "content_block_stop", "index": 0})
    if mode == "stream-error":
        yield _event({"type": "error", "error": {"type": echo, "message": sentence}})
    if mode == "tool-error":
        content = {"type": "web_search_tool_result_error", "error_code": "unavailable", "error_message": sentence}
        block = {"type": "web_search_tool_result", "tool_use_id": "s", "content": content}
        yield _event({"type": "content_block_start", "index": 1, "content_block": block})
        yield _event({"type": "content_block_stop", "index": 1})
    details = {"category": echo, "explanation": sentence}
    yield _event({"type": "message_delta", "delta": {"stop_reason": echo, "stop_details": details}})
    yield _event({"type": "message_stop"})


def _event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def leaks(data: bytes, secrets: Iterable[str]) -> list[str]:
    """Pieces of the secrets in those bytes: 8 characters in a row, plain or in base64; of a short one, the word."""
    found: list[str] = []
    for secret in secrets:
        if len(secret) < _SHORT:
            found += [secret] if re.search(rb"(?<!\w)%b(?!\w)" % re.escape(secret.encode()), data) else []
            continue
        forms = [secret, *(_shifted(secret, shift) for shift in range(3))]
        pieces = {form[at : at + _SHORT] for form in forms for at in range(len(form) - _SHORT + 1)}
        found += sorted(piece for piece in pieces if piece.encode() in data)
    return found


def _shifted(secret: str, shift: int) -> str:
    """The secret as it looks within the base64 of something longer."""
    whole = base64.b64encode(bytes(shift) + secret.encode()).decode()
    return whole[(0, 2, 3)[shift] : (shift + len(secret)) * 8 // 6]
