"""A reply that took several requests: its split into text and tool results, its sums, its open calls.

Pure. A reply of one request has no `RoundPart` and is left as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import add

from tui_chat.core.bounds import EXACT
from tui_chat.core.part import AttachmentPart, Part, RoundPart, ToolCallPart, ToolResultPart, ToolStatus
from tui_chat.core.turn import Role, Turn
from tui_chat.core.usage import Cost, Usage

_OPEN_CALL_TEXTS = {
    ToolStatus.NOT_RUN: "This tool was not run: {}.",
    ToolStatus.CANCELLED: "The user stopped this tool while it ran. Part of its work may have happened.",
    ToolStatus.UNKNOWN: (
        "The outcome is unknown: the program ended while this tool ran."
        " Part of its work or all of it may have happened. Look before doing it again."
    ),
}


def rounds_of(turn: Turn) -> tuple[RoundPart, ...]:
    """Return the ends of its requests; none for a reply of a single request."""
    return tuple(part for part in turn.parts if isinstance(part, RoundPart))


def expand_rounds(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Return the turns as a provider reads them: a reply with rounds becomes replies and tool results in turn."""
    return tuple(piece for turn in turns for piece in _pieces(turn))


def _pieces(turn: Turn) -> Iterable[Turn]:
    if turn.role is Role.USER or not rounds_of(turn):
        return (turn,)
    pieces: list[Turn] = []
    written: list[Part] = []
    answered: list[Part] = []
    after_round = False
    for part in turn.parts:
        if isinstance(part, RoundPart):
            pieces += _piece(turn, Role.USER, answered)
            pieces += _piece(turn, Role.ASSISTANT, written, part)
            written, answered, after_round = [], [], True
        elif after_round and isinstance(part, ToolResultPart | AttachmentPart):
            answered.append(part)
        else:
            after_round = False
            written.append(part)
    pieces += _piece(turn, Role.USER, answered)
    pieces += _piece(turn, Role.ASSISTANT, written)
    return pieces


def _piece(turn: Turn, role: Role, parts: Sequence[Part], end: RoundPart | None = None) -> list[Turn]:
    if not parts:
        return []
    figures = end or RoundPart()
    return [replace(turn, role=role, parts=tuple(parts), usage=figures.usage, cost=figures.cost)]


def without_figures(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return a copy's parts: what its requests used was paid for in the original."""
    return tuple(RoundPart() if isinstance(part, RoundPart) else part for part in parts)


def with_sums(turn: Turn) -> Turn:
    """Return the reply with the sums over its requests: tokens, cost and the time that models took."""
    rounds = rounds_of(turn)
    used = [part for part in rounds if part.usage is not None]
    if not used:
        return replace(turn, usage=None, cost=None)
    first = next((part.ttft_ms for part in used if part.ttft_ms is not None), None)
    streamed_ms = sum((part.duration_ms or 0) - (part.ttft_ms or 0) for part in used)
    return replace(
        turn,
        usage=sum_usage(part.usage for part in used),
        cost=sum_rounds_cost(part.cost for part in used),
        ttft_ms=first,
        duration_ms=(first or 0) + streamed_ms,
    )


def written_since(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return what the model wrote after its last finished request."""
    written: list[Part] = []
    for part in reversed(parts):
        if isinstance(part, RoundPart | ToolResultPart | AttachmentPart):
            break
        written.append(part)
    return tuple(reversed(written))


def end_interrupted(turn: Turn, started: Iterable[str]) -> Turn:
    """Return a reply whose program died, with a true result for each call that it had not finished.

    Its sums are left open while what its last request wrote is not metered.
    """
    if not rounds_of(turn):
        return turn
    if written_since(turn.parts):
        return replace(turn, usage=None, cost=None)
    why = "the program ended before it was allowed"
    results = answer_open_calls(turn.parts, started, why=why, interrupted=True)
    return with_sums(replace(turn, parts=(*turn.parts, *results)))


def sum_usage(usages: Iterable[Usage | None]) -> Usage | None:
    """Return the sum of those that are known; one alone stays as it is."""
    known = [usage for usage in usages if usage is not None]
    return reduce(add, known) if known else None


def sum_rounds_cost(costs: Iterable[Cost | None]) -> Cost | None:
    """Return the exact sum; unknown if one of them is."""
    known: list[Cost] = []
    for cost in costs:
        if cost is None:
            return None
        known.append(cost)
    if len(known) <= 1:
        return known[0] if known else None
    price = known[0].price if all(cost.price == known[0].price for cost in known) else None
    return Cost(
        reduce(EXACT.add, (cost.total_usd for cost in known)),
        any(cost.estimated for cost in known),
        price,
        all(cost.billed for cost in known),
    )


def open_calls(parts: Sequence[Part]) -> tuple[ToolCallPart, ...]:
    """Return the calls for this program that have no result, in the model's order."""
    calls: dict[str, ToolCallPart] = {}
    for part in parts:
        # A server that gives no ids makes the same ones in every request: a result closes the call before it.
        if isinstance(part, ToolCallPart) and not part.on_server:
            calls[part.call_id] = part
        elif isinstance(part, ToolResultPart):
            calls.pop(part.call_id, None)
    return tuple(calls.values())


def answer_open_calls(
    parts: tuple[Part, ...], started: Iterable[str], *, why: str, interrupted: bool = False
) -> tuple[ToolResultPart, ...]:
    """Return a true result for every open call: not run, or started and then stopped, or of unknown outcome."""
    running = set(started)
    at_work = ToolStatus.UNKNOWN if interrupted else ToolStatus.CANCELLED
    return tuple(
        open_call_result(call.call_id, at_work if call.call_id in running else ToolStatus.NOT_RUN, why)
        for call in open_calls(parts)
    )


def open_call_result(call_id: str, status: ToolStatus, why: str = "") -> ToolResultPart:
    """Return the result of a call that did not run to its end."""
    return ToolResultPart(call_id, _OPEN_CALL_TEXTS[status].format(why), is_error=True, status=status)
