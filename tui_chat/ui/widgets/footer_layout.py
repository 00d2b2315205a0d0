"""The layout of the status line: activity, tokens, cost, context. Must not know widgets or colours.

Fields are shortened and dropped in a fixed order as the line gets narrower. Figures are right-aligned in fields of a
fixed width, so that nothing moves when they grow.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tui_chat.core.clean import clean_line
from tui_chat.core.format_numbers import (
    TOKENS_WIDTH,
    dollars,
    percent,
    seconds_running,
    short_tokens,
    speed,
)
from tui_chat.core.text_width import text_width
from tui_chat.core.usage import Cost, CostSum, Usage

if TYPE_CHECKING:
    from tui_chat.core.prompt_forecast import ContextUse


class Activity(StrEnum):
    IDLE = "idle"
    WAITING = "waiting"
    STREAMING = "streaming"
    STALLED = "stalled"
    RETRYING = "retrying"
    TOOL = "running tool"
    ASKING = "waiting for you"


@dataclass(frozen=True, slots=True)
class FooterState:
    """Everything that the footer shows."""

    model: str = ""
    """`provider/model`."""
    tools: tuple[str, ...] = ()
    activity: Activity = Activity.IDLE
    seconds: float = 0.0
    """Since the activity started; for a retry, until it."""
    tokens_per_s: float | None = None
    usage: Usage | None = None
    """Of the last reply of the current branch, or the reply in flight."""
    cost: Cost | None = None
    total: CostSum = field(default_factory=CostSum)
    """Of the current branch."""
    total_all: CostSum = field(default_factory=CostSum)
    """Of every branch."""
    context: "ContextUse | None" = None
    hint: str = ""
    """A key hint; the part before a semicolon is dropped last."""
    keys: tuple[str, ...] = ()
    """What to press now, from long to short."""
    effort: str = ""
    """How much the model is to think; empty leaves it to the model."""
    background: int = 0
    """Replies that stream into conversations that are not shown."""
    clients: int = 0
    """Connected clients of the server within the app."""
    sync: tuple[str, ...] = ()
    """The state of sync, from long to short."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    forms: tuple[str, ...]
    """Its texts, from long to short."""
    at_right: bool = False

    @property
    def text(self) -> str:
        return self.forms[0]


_STEPS = (
    *("keys", "stop", "hint", "speed", "effort", "tools", "sync", "background", "clients"),
    *("model", "tokens", "cost", "total", "context", "total", "hint", "model", "tokens"),
    *("effort", "model", "tokens", "total", "context", "keys", "sync", "sync"),
    *("model", "state", "stop", "state", "tools", "background", "cost"),
)
"""The fields in the order in which they are shortened or dropped."""
_GAP = "  "
_NO_PRICE = "no price"
_COST_WIDTH = len("~$0.0132")
_MODEL_WIDTH = 12
_SHARE_WIDTH = len("100%")
_DAY = re.compile(r"[-@]20\d{6}$")


def footer_fields(state: FooterState) -> tuple[Field, ...]:
    """Return all fields as on a wide line, from left to right."""
    fields = [
        *_at_left(state),
        *_costs(state),
        *_tokens(state.usage, 0 if state.activity is Activity.IDLE else TOKENS_WIDTH),
        *_context(state.context, 0 if state.activity is Activity.IDLE else _SHARE_WIDTH),
    ]
    return tuple(field for field in fields if field.text.strip())


def fit(fields: tuple[Field, ...], width: int, steps: Sequence[str] = _STEPS) -> tuple[Field, ...]:
    """Return the fields as they fit the width, shortened and dropped in the order of the steps; none if none fits."""
    shortened = shorten(fields, width, steps)
    return shortened if _width_of(shortened) <= width else ()


def shorten(fields: tuple[Field, ...], width: int, steps: Sequence[str]) -> tuple[Field, ...]:
    """Shorten and drop fields in the order of the steps, until they fit the width or all steps are done."""
    for step in steps:
        if _width_of(fields) <= width:
            break
        fields = tuple(_shorter(field) if field.name == step else field for field in fields)
        fields = tuple(field for field in fields if field.forms)
    return fields


def activity_text(state: FooterState) -> str:
    """Return `waiting 3s`, `streaming 1m 12s`, `retry in 4s`; empty while idle."""
    clock = seconds_running(state.seconds)
    match state.activity:
        case Activity.IDLE:
            return ""
        case Activity.RETRYING:
            return f"retry in {clock}"
        case word:
            return f"{word} {clock}"


def _shorter(field: Field) -> Field:
    return replace(field, forms=field.forms[1:])


def _width_of(fields: tuple[Field, ...]) -> int:
    return sum(text_width(field.text) for field in fields) + len(_GAP) * max(0, len(fields) - 1)


def _at_left(state: FooterState) -> list[Field]:
    now = speed(state.tokens_per_s) if state.activity is Activity.STREAMING and state.tokens_per_s else ""
    hint = clean_line(state.hint)
    clock = () if state.activity is Activity.IDLE else (seconds_running(state.seconds),)
    return [
        Field("model", _model_forms(clean_line(state.model))),
        *_effort(state.effort),
        *_tools(state.tools),
        Field("background", _background_forms(state.background)),
        Field("clients", (f"⇄ {state.clients}" if state.clients else "",)),
        Field("sync", state.sync or ("",)),
        Field("state", (activity_text(state), *clock)),
        Field("speed", (now,)),
        Field("keys" if state.activity is Activity.IDLE else "stop", state.keys or ("",)),
        Field("hint", tuple(dict.fromkeys((hint, hint.partition(";")[0])))),
    ]


def _effort(effort: str) -> list[Field]:
    shown = clean_line(effort)
    return [Field("effort", (f"effort {shown}", shown))] if shown else []


def _background_forms(count: int) -> tuple[str, ...]:
    """Return how many replies stream elsewhere, from long to short."""
    return (f"{count} more in background", f"+{count}") if count else ("",)


def _tools(names: tuple[str, ...]) -> list[Field]:
    """Return which tools are on, then only that some are."""
    shown = clean_line(", ".join(names))
    return [Field("tools", (f"tools: {shown}", "tools"))] if names else []


def _model_forms(ref: str) -> tuple[str, ...]:
    """Return the reference, the name, the name without vendor and date, and its start."""
    name = ref.rpartition("/")[2]
    short = _DAY.sub("", name).removeprefix("claude-")
    return ref, name, short, short if text_width(short) <= _MODEL_WIDTH else f"{short[: _MODEL_WIDTH - 1]}…"


def _costs(state: FooterState) -> list[Field]:
    if state.usage is None and not (state.total_all.known_replies or state.total_all.unknown_replies):
        return []
    fields: list[Field] = []
    width = 0 if state.activity is Activity.IDLE else _COST_WIDTH
    if state.usage is not None:
        this = _NO_PRICE if state.cost is None else dollars(state.cost.total_usd, estimated=state.cost.estimated)
        named = this if this == _NO_PRICE else f"reply {this:>{width}}"
        fields.append(Field("cost", (named, f"{this:>{width}}"), at_right=True))
    if state.total.known_replies or state.usage is None:
        before = "" if state.usage is None else "of "
        forms = total_forms(state.total, state.total_all, width, before=before)
        fields.append(Field("total", forms, at_right=True))
    return fields


def total_forms(total: CostSum, total_all: CostSum, width: int = 0, *, before: str = "") -> tuple[str, ...]:
    """Return what a branch and all branches cost, from long to short, as words that need no manual.

    The shortest one starts with `before`, such as an `of` behind what the reply costs.
    """
    here = _sum_text(total)
    if not here:
        return ("",)
    if here == _NO_PRICE:
        return here, here, here
    short = f"{before}{here:>{width}}"
    everywhere = _sum_text(total_all)
    if here == everywhere:
        return f"total {here:>{width}}", f"total {here:>{width}}", short
    return f"{here} here · {everywhere} with all branches", f"{here} here", short


def _sum_text(total: CostSum) -> str:
    """Return a sum; one that lacks the price of some replies is a lower bound."""
    if not total.known_replies:
        return _NO_PRICE if total.unknown_replies else ""
    over = "over " if total.unknown_replies else ""
    return f"{over}{dollars(total.total_usd, estimated=total.estimated)}"


def _tokens(usage: Usage | None, width: int) -> list[Field]:
    if usage is None:
        return []
    if usage.unknown:
        return [Field("tokens", ("tokens unknown", ""), at_right=True)]
    mark = "~" if usage.estimated else ""
    counts = (usage.total_input_tokens, usage.output_tokens, usage.cache_read_tokens)
    read, written, cached = map(short_tokens, counts)
    out = _padded("out ", f"out {written}", width)
    both = f"{_padded('~in ', f'{mark}in {read}', width)}  {out}"
    longest = f"{both}  {_padded('cached ', f'cached {cached}', width)}" if usage.cache_read_tokens else both
    return [Field("tokens", (longest, both, out), at_right=True)]


def _padded(word: str, text: str, width: int) -> str:
    """Return a figure with room in front of its word for a longer number, if the numbers have a width."""
    return text.rjust(text_width(word) + width) if width else text


def share_text(context: "ContextUse") -> str:
    """Return the share of the window that is used, such as `~38%`; empty if it is unknown."""
    if context.share is None:
        return ""
    share = percent(context.share)
    return f"~{share}" if context.estimated and share[0].isdigit() else share


def _context(context: "ContextUse | None", width: int) -> list[Field]:
    if context is None or not context.share:  # an empty conversation's ~0 % has no meaning
        return []
    share = share_text(context).rjust(width)
    return [Field("context", (f"context {share}", f"{share} full"), at_right=True)]
