"""What every wire reads of a fault in the same way: what lies below it, its text, its id, how long to wait."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tui_chat.core.masking import Masker

_LONGEST_S = 1e9
_LONGEST_TEXT = 16_000
"""Of outside text, what is looked at before it is masked and cut to what is shown."""
_LONGEST_ID = 200
_LONGEST_WORD = 200
_LONGEST_DATE = 100


def shown_text(text: str, masker: Masker) -> str:
    """Return the beginning of an outside text without secrets; only after this may it be cut shorter."""
    return masker.mask(text[:_LONGEST_TEXT])


def shown_word(value: object, masker: Masker) -> str:
    """Return a word of the server, such as why a reply ended, masked and short."""
    if isinstance(value, bool | int | float):
        return str(value)
    return masker.mask(value[: 2 * _LONGEST_WORD])[:_LONGEST_WORD] if isinstance(value, str) else ""


def request_id_in(headers: Mapping[str, str], names: Iterable[str], masker: Masker) -> str | None:
    """Return the id by which the provider finds a request again: printable, short and without secrets."""
    written = next((headers[name] for name in names if headers.get(name)), "")
    printable = "".join(filter(str.isprintable, shown_text(written, masker)))
    return printable[:_LONGEST_ID] or None


def scrub(fault: BaseException, masker: Masker) -> None:
    """Take the secrets out of an exception and all it came from, since a trace of it may be logged."""
    for cause in causes(fault):
        cause.args = tuple(shown_text(arg, masker) if isinstance(arg, str) else arg for arg in cause.args)


def causes(fault: BaseException | None) -> Iterator[BaseException]:
    """The exception, the one it came from, and so on to the bottom."""
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        fault = fault.__cause__ or fault.__context__


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long the server asks to wait, told in milliseconds, seconds or as a date by its own clock."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        if (wait_s := _seconds(headers.get(name, ""), unit)) is not None:
            return wait_s
    until = _date(headers.get("retry-after", ""))
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return max((until - now).total_seconds(), 0.0) if until is not None else None


def _seconds(written: str, unit: int) -> float | None:
    try:
        wait_s = float(written) / unit
    except ValueError:
        return None
    return wait_s if 0 <= wait_s < _LONGEST_S else None


def _date(written: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(written[:_LONGEST_DATE])
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
