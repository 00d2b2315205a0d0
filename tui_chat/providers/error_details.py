"""Reads the details of an error in the same way for every wire: causes, text, request id, time to wait."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tui_chat.core.masking import Masker

_MAX_WAIT_S = 1e9
_MAX_TEXT = 16_000
"""Characters of outside text that are masked; a caller may cut the result further."""
_MAX_ID = 200
_MAX_WORD = 200
_MAX_DATE = 100


def shown_text(text: str, masker: Masker) -> str:
    """Return the start of an outside text without secrets. Cut it only afterwards: half a secret is not found."""
    return masker.mask(text[:_MAX_TEXT])


def shown_word(value: object, masker: Masker) -> str:
    """Return a short value from the server, such as a stop reason, masked."""
    if isinstance(value, bool | int | float):
        return str(value)
    return masker.mask(value[: 2 * _MAX_WORD])[:_MAX_WORD] if isinstance(value, str) else ""


def request_id_in(headers: Mapping[str, str], names: Iterable[str], masker: Masker) -> str | None:
    """Return the id by which the provider identifies a request: printable, short and without secrets."""
    value = next((headers[name] for name in names if headers.get(name)), "")
    printable = "".join(filter(str.isprintable, shown_text(value, masker)))
    return printable[:_MAX_ID] or None


def scrub(error: BaseException, masker: Masker) -> None:
    """Remove the secrets from an exception and its causes, since its traceback may be logged."""
    for cause in causes(error):
        cause.args = tuple(shown_text(arg, masker) if isinstance(arg, str) else arg for arg in cause.args)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return how long the server asks to wait: given in milliseconds, in seconds, or as a date by its own clock."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        if (wait_s := _seconds(headers.get(name, ""), unit)) is not None:
            return wait_s
    until = _date(headers.get("retry-after", ""))
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return max((until - now).total_seconds(), 0.0) if until is not None else None


def _seconds(text: str, unit: int) -> float | None:
    try:
        wait_s = float(text) / unit
    except ValueError:
        return None
    return wait_s if 0 <= wait_s < _MAX_WAIT_S else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text[:_MAX_DATE])
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
