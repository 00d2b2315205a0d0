"""Formats the usage report and the price list as lines of text. Must not know colours."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from tui_chat.core.bounds import dollars_in_bounds
from tui_chat.core.clean import clean, clean_line
from tui_chat.core.format_numbers import NONE, UNKNOWN, cost_sum, dollars, duration, full_tokens, speed, tokens_of
from tui_chat.core.known_price import KnownPrice, PriceList
from tui_chat.core.text_width import text_width
from tui_chat.core.usage import Price
from tui_chat.core.usage_report import UsageLine

USAGE_HEADS = ("replies", "input", "cached", "output", "thinking", "cost", "cache saved", "first token", "speed")
_DISPENSABLE = ("speed", "first token", "thinking", "cache saved", "cached", "replies", "input", "output")
PRICE_HEADS = ("input", "output", "cache read", "write 5 min", "write 1 h")
_GAP = "  "
_WIDEST_LABEL = 40


def usage_cells(line: UsageLine) -> tuple[str, ...]:
    """Return the figures of one line, one under each of `USAGE_HEADS`."""
    usage = line.usage
    counts = (usage.total_input_tokens, usage.cache_read_tokens, usage.output_tokens, usage.thinking_tokens)
    saved = NONE if line.saved_usd is None else dollars(line.saved_usd, estimated=usage.estimated)
    return (
        f"{line.replies:,}",
        *(tokens_of(usage, count) for count in counts),
        cost_sum(line.cost),
        saved,
        NONE if line.ttft_ms is None else duration(line.ttft_ms / 1000),
        speed(line.tokens_per_s),
    )


def usage_table(lines: Sequence[UsageLine], total: UsageLine, width: int | None = None) -> list[str]:
    """Return a table of the lines with heads and total; within a width, only the columns that fit."""
    rows = [(clean_line(line.label) or "(untitled)", *usage_cells(line)) for line in lines]
    rows = [("", *USAGE_HEADS), *rows, ("total", *usage_cells(total))]
    drawn = table(rows)
    for head in _DISPENSABLE:
        if width is None or max(map(text_width, drawn)) <= width:
            break
        at = rows[0].index(head)
        rows = [(*row[:at], *row[at + 1 :]) for row in rows]
        drawn = table(rows)
    return drawn


def price_table(known: KnownPrice) -> list[str]:
    """Return a model's rates for a million tokens, by the size of the request where that matters."""
    if known.price is None:
        return []
    sizes = [("$ per million tokens", known.price)]
    sizes += [(f"above {full_tokens(edge)} input", price) for edge, price in known.tiers]
    sizes += [(f"{tier} tier", price) for tier, price in known.variants]
    return table((("", *PRICE_HEADS), *((label, *_rates(price)) for label, price in sizes)))


_NEVER_LISTED = "a service tier that is not above, a code interpreter or image generation"


def price_lines(known: KnownPrice, listing: PriceList, now: datetime) -> list[str]:
    """Return everything known about a model's price: rates, extras, date, source and age."""
    title = clean_line(known.model_ref) + (f" ({clean_line(known.name)})" if known.name else "")
    if known.price is None:
        reason = clean_line(known.reason) or "not in the list"
        return [title, f"price unknown: {reason}; it can be set in the settings", f"list: {listing.source}"]
    lines = [title, *price_table(known)]
    price = known.price
    if price.thinking_usd is not None:
        lines.append(f"thinking {_rate(price.thinking_usd)} per million tokens")
    if price.web_search_usd:
        lines.append(f"web search {_rate(price.web_search_usd)} each")
    if price.request_usd:
        lines.append(f"each request {_rate(price.request_usd)}")
    if price.source != "settings":
        lines.append(f"a reply costs {UNKNOWN} if it used {_NEVER_LISTED}")
    if known.context_window:
        lines.append(f"context window {full_tokens(known.context_window)} tokens")
    if known.since is not None:
        lines.append(f"in force since {known.since.isoformat()}")
    lines.append(f"source: {price.source}" + ("" if price.source == "settings" else f", {age_of(listing, now)}"))
    return lines + clean(known.comment).splitlines()


def age_of(listing: PriceList, now: datetime) -> str:
    """Return the age of the list as text, as far as it is known."""
    if listing.fetched_at is not None:
        return f"downloaded {duration((now - listing.fetched_at).total_seconds())} ago"
    if listing.newest_change is not None:
        return f"its newest change is of {listing.newest_change.isoformat()}"
    return "of unknown age"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of equal length with their columns aligned: the first to the left, figures to the right."""
    rows = [(_shortened(row[0]), *row[1:]) for row in rows]
    widths = [max(text_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        _GAP.join(
            _padded(cell, width, to_the_right=at > 0)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _rates(price: Price) -> tuple[str, ...]:
    rates = (price.input_usd, price.output_usd, price.cache_read_usd, price.cache_write_5m_usd)
    return tuple(_rate(usd) for usd in (*rates, price.cache_write_1h_usd))


def _rate(usd: Decimal) -> str:
    """Return a rate to its last digit: rates are never rounded."""
    if dollars_in_bounds(usd) is None:
        return UNKNOWN
    text = f"{usd:f}"
    whole, _, part = text.partition(".")
    return f"${whole}.{part.rstrip('0').ljust(2, '0')}"


def _shortened(label: str) -> str:
    if text_width(label) <= _WIDEST_LABEL:
        return label
    label = label[:_WIDEST_LABEL]
    while text_width(label) >= _WIDEST_LABEL:
        label = label[:-1]
    return f"{label}…"


def _padded(cell: str, width: int, *, to_the_right: bool) -> str:
    room = " " * (width - text_width(cell))
    return room + cell if to_the_right else cell + room
