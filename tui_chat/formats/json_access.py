"""Reads values from loosely structured JSON: a missing value or one of another type counts as absent."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from tui_chat.core.bounds import count_in_bounds
from tui_chat.core.clean import valid_text
from tui_chat.core.error import FormatError

TOO_DEEP = "nested too deeply to be read"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 1e11
"""Seconds since 1970 reach this in the year 5138; what is larger counts milliseconds."""
_FAMILIES = {
    "gpt": "openai",
    "chatgpt": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "text-davinci": "openai",
    "claude": "anthropic",
    "gemini": "google",
}


def parse_json(data: bytes) -> Any:
    """Parse JSON bytes. A large value takes much memory, so nothing is kept longer than needed."""
    try:
        text = data.decode()
        del data
        return json.loads(text)
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8: {error.reason} at its byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise FormatError(f"not JSON: {error.msg} at its character {error.pos}") from None
    except RecursionError:
        raise FormatError(TOO_DEEP) from None
    except ValueError as error:
        raise FormatError(f"not JSON that can be read: {error}") from None


def text_of(value: object) -> str:
    """Return a string, made valid Unicode; empty for anything else."""
    return valid_text(value) if isinstance(value, str) else ""


def dict_of(value: object) -> dict[str, Any]:
    """Return an object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    """Return an array; empty for anything else."""
    return value if isinstance(value, list) else []


def dicts_of(value: object) -> list[dict[str, Any]]:
    return [item for item in list_of(value) if isinstance(item, dict)]


def count_of(value: object) -> int:
    """Return a count; 0 for anything else and for a count out of bounds."""
    return value if isinstance(value, int) and count_in_bounds(value) else 0


def json_of(value: object) -> str:
    try:
        return valid_text(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        # It was read with a few levels more to spare.
        raise FormatError(TOO_DEEP) from None


def arguments_of(value: object) -> str:
    """Return a tool call's arguments as a JSON object; plain text becomes its `text`."""
    if not isinstance(value, str):
        return json_of(dict_of(value))
    words = text_of(value)
    return words if words.lstrip().startswith("{") or not words else json_of({"text": words})


def date_of(value: object) -> datetime | None:
    """Return a date, given as seconds or milliseconds since 1970 or as an ISO date (UTC if it has no zone)."""
    try:
        if isinstance(value, str):
            date = datetime.fromisoformat(value.strip())
            date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
            date = _EPOCH + timedelta(seconds=seconds)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return date if 1900 <= date.year < 9000 else None


def model_ref(name: object, provider: str = "") -> str:
    """Return `provider/model` for a model's name, where the provider is given or clear from the name."""
    model = text_of(name)
    if not model or "/" in model:
        return model
    family = next((known for start, known in _FAMILIES.items() if model.lower().startswith(start)), "")
    provider = provider or family
    return f"{provider}/{model}" if provider else model
