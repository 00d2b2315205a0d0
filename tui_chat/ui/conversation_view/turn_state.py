"""The block below a message: how it ended, why and what to do, and on demand every figure. Must not know keys."""

from collections.abc import Iterator

from rich.style import Style

from tui_chat.core.clean import clean_line
from tui_chat.core.error import Fault, ProviderError
from tui_chat.core.format_numbers import cost_with_source, date_text, duration, speed, tokens_of
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.rendering.cell_width import normalize_graphemes, width, wrap
from tui_chat.rendering.line import BLANK, Line
from tui_chat.ui.conversation_view.blocks import Block
from tui_chat.ui.conversation_view.layout_options import LayoutOptions, Note, text_row
from tui_chat.wording import facts

_SHORT = 400
"""Characters of a provider's own message that are shown without details."""
_MOST_MESSAGE_ROWS = 3
_BOLD = Style(bold=True)
_LABEL_CELLS = 13
_GAP = 2
_OF_PROVIDER = frozenset(kind.kind for kind in ProviderError.__subclasses__())


def state(turn: Turn, note: Note | None, layout_options: LayoutOptions, *, has_details: bool = False) -> Block:
    """Return how a turn ended, the facts and the next step, all in one form; empty when all is well."""
    notice = note[:2] if note else layout_options.describe(turn)
    fault = None if note else turn.fault
    rows: list[Line] = []
    if notice is not None:
        sentence, step = map(_clean, notice)
        rows = _notice_rows(turn, fault, (sentence, step), _tone(turn, note, layout_options), layout_options)
    for line in note.tail if note else ():
        rows.append(text_row(layout_options.width, [("  " + _clean(line), layout_options.styles.dim)]))
    details = _details(turn, layout_options) if has_details else []
    block = Block([*rows, *([BLANK] if rows and details else []), *details], gap=1 if turn.parts else 0)
    block.bar_rows = len(rows)
    block.bar = "error" if turn.status is TurnStatus.FAILED and not note else "warning"
    return block


def _notice_rows(
    turn: Turn, fault: Fault | None, notice: tuple[str, str], tone: Style, layout_options: LayoutOptions
) -> list[Line]:
    sentence, step = notice
    styles, cells = layout_options.styles, layout_options.width
    if fault is None:
        if width(sentence) + width(step) + _GAP <= cells:
            pieces = [piece for row in _step_rows(step, layout_options) for piece in row]
            return [text_row(cells, [(sentence, tone), (" " * _GAP if step else "", styles.text), *pieces])]
        rows = [[(row, tone)] for row in _wrapped(sentence, layout_options)]
        return [text_row(cells, row) for row in (*rows, *_step_rows(step, layout_options))]
    message = [(row, styles.text) for row in _message(fault, sentence, layout_options)]
    known = [(row, styles.dim) for row in _wrapped(" · ".join(_facts(fault)), layout_options)]
    return [
        *_heading(sentence, _provider(turn, fault), tone, layout_options),
        *(text_row(cells, [row]) for row in (*message, *known)),
        *(text_row(cells, row) for row in _step_rows(_with_details_key(step, layout_options), layout_options)),
    ]


def _step_rows(step: str, layout_options: LayoutOptions) -> Iterator[list[tuple[str, Style]]]:
    """Return the rows of a next step; text between backticks has the style of code instead of them."""
    styles, is_code = layout_options.styles, False
    for row in _wrapped(step, layout_options):
        pieces: list[tuple[str, Style]] = []
        for number, piece in enumerate(row.split("`")):
            is_code = is_code is not (number > 0)
            pieces.append((piece, styles.code if is_code else styles.text))
        yield pieces


def _heading(sentence: str, provider: str, tone: Style, layout_options: LayoutOptions) -> list[Line]:
    """Return the cause and who reported it; on one row where both fit."""
    cause, tone = sentence.removesuffix("."), tone + _BOLD
    source = f" · {provider}" if provider else ""
    if width(cause) + width(source) <= layout_options.width:
        return [text_row(layout_options.width, [(cause, tone), (source, layout_options.styles.dim)])]
    return [text_row(layout_options.width, [(row, tone)]) for row in _wrapped(cause + source, layout_options)]


def _provider(turn: Turn, fault: Fault) -> str:
    return _clean(turn.model.partition("/")[0]) if fault.kind in _OF_PROVIDER and "/" in turn.model else ""


def _message(fault: Fault, sentence: str, layout_options: LayoutOptions) -> list[str]:
    """Return the first rows of the provider's own message, unless it has the same words."""
    message = _clean(fault.message[:_SHORT])
    if message.rstrip(".").casefold() == sentence.rstrip(".").casefold():
        return []
    return _wrapped(message[:1].upper() + message[1:], layout_options)[:_MOST_MESSAGE_ROWS]


def _facts(fault: Fault) -> list[str]:
    request = [f"request {_clean(fault.request_id)}"] if fault.request_id else []
    known = [*facts(fault), *request]
    return [known[0][:1].upper() + known[0][1:], *known[1:]] if known else []


def _with_details_key(step: str, layout_options: LayoutOptions) -> str:
    key = layout_options.key_label("reply.details")
    return f"{step} {key} shows the details." if key else step


# Details


def _details(turn: Turn, layout_options: LayoutOptions) -> list[Line]:
    """Return every figure of a message, one a row."""
    styles, cells = layout_options.styles, layout_options.width
    rows = []
    for label, value in _figures(turn, costs=layout_options.costs):
        lead = f"{label:<{_LABEL_CELLS}}"
        pieces = [value[start:end] for start, end in wrap(value, max(8, layout_options.measure - _LABEL_CELLS))]
        for number, piece in enumerate(pieces):
            shown = lead if number == 0 else " " * _LABEL_CELLS
            rows.append(text_row(cells, [(shown, styles.dim), (piece, styles.text)]))
    return rows


def _figures(turn: Turn, *, costs: bool) -> Iterator[tuple[str, str]]:
    yield "time", date_text(turn.created_at, "%Y-%m-%d %H:%M:%S")
    if turn.role is Role.USER:
        return
    yield "model", _clean(turn.model) or "unknown"
    took = [
        f"first token after {duration(turn.ttft_ms / 1000)}" if turn.ttft_ms is not None else "",
        f"whole reply {duration(turn.duration_ms / 1000)}" if turn.duration_ms is not None else "",
        speed(turn.tokens_per_s) if turn.tokens_per_s is not None else "",
    ]
    yield "duration", ", ".join(filter(None, took)) or "unknown"
    yield "tokens", "unknown" if turn.usage is None or turn.usage.unknown else _tokens(turn.usage)
    if costs:
        yield "cost", cost_with_source(turn.cost) if turn.cost else "unknown"
    yield "ended", " · ".join(filter(None, (turn.status, _clean(turn.stop_reason or ""), _clean(turn.stop_detail))))
    request_id = turn.request_id or (turn.fault and turn.fault.request_id)
    if request_id:
        yield "request", _clean(request_id)
    if (fault := turn.fault) is not None:
        status = f"status {fault.status}" if fault.status is not None else ""
        yield "error", " · ".join(filter(None, (_clean(fault.kind), _clean(fault.detail), status, *facts(fault))))
        if message := _clean(fault.message):
            yield "message", message


def _tokens(usage: Usage) -> str:
    shown = [
        ("in", usage.input_tokens),
        ("cached", usage.cache_read_tokens),
        ("written to the cache", usage.cache_write_5m_tokens + usage.cache_write_1h_tokens),
        ("out", usage.output_tokens),
        ("thinking", usage.thinking_tokens or 0),
    ]
    return ", ".join(
        f"{label} {tokens_of(usage, count)}" for label, count in shown if count or label in ("in", "out")
    )


def _tone(turn: Turn, note: object, layout_options: LayoutOptions) -> Style:
    styles = layout_options.styles
    if note:
        return styles.warning
    if turn.status is TurnStatus.FAILED:
        return styles.error
    return styles.dim if turn.status is TurnStatus.STREAMING else styles.warning


def _wrapped(text: str, layout_options: LayoutOptions) -> list[str]:
    return [text[start:end] for start, end in wrap(text, layout_options.measure)] if text else []


def _clean(text: str) -> str:
    return normalize_graphemes(clean_line(text))
