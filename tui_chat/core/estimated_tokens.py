"""Estimates tokens where the provider has reported none yet, or never will. Pure; results are marked as estimates.

A reply in flight and a reply that was cut have the provider's own input figures as soon as it reported them, and an
output estimated from what arrived. A finished reply whose usage was reported is never estimated.
"""

from collections.abc import Sequence
from dataclasses import replace

from tui_chat.core.attachment import PDF, is_image
from tui_chat.core.attachment_tokens import attachment_tokens
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.part import AttachmentPart, OtherPart, Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.provider import Request
from tui_chat.core.rounds import expand_rounds, rounds_of, written_since
from tui_chat.core.text_tokens import rough_tokens
from tui_chat.core.turn import Role, Turn
from tui_chat.core.usage import Usage

TOKENS_PER_TURN = 4
"""Overhead of a turn."""
TOKENS_PER_CALL = 25
"""Overhead of a tool call."""
_LEAST_LEARNED_FROM = 40.0
_LOWEST_RATIO, _HIGHEST_RATIO = 0.5, 2.5


class RunningUsage:
    """The tokens of one reply while it streams and when it has ended."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._ratio: float | None = None
        self._input_tokens = 0

    def of(self, builder: TurnBuilder) -> Usage | None:
        """Return what the provider reported, completed by estimates and then marked; `None` without any data."""
        reported = builder.usage
        if (
            reported is not None
            and (builder.stopped is not None or builder.usage_is_final)
            and (reported.output_tokens or not builder.characters)
        ):
            return reported
        if reported is None and not builder.characters:
            return None
        known = reported or Usage()
        if self._ratio is None:
            self._ratio = learned_ratio(self._request.turns)
        if not known.total_input_tokens:
            known = replace(known, input_tokens=self._input())
        output_tokens = max(known.output_tokens, round(builder.rough_tokens * self._ratio))
        return replace(known, output_tokens=output_tokens, estimated=True, billed_usd=None)

    def _input(self) -> int:
        if not self._input_tokens:
            request = self._request
            self._input_tokens = context_tokens(request.turns, request.system, model=request.model)
        return self._input_tokens


def usage_of_interrupted(turn: Turn, request: Request) -> Usage:
    """Estimate the tokens of an interrupted reply from its saved part."""
    parts: Sequence[Part] = turn.parts
    if rounds_of(turn):
        # Its finished requests are metered: they are context of the last one.
        parts = written_since(turn.parts)
        before = replace(turn, parts=turn.parts[: len(turn.parts) - len(parts)])
        request = replace(request, turns=(*request.turns, before))
    written = sum(
        rough_tokens(part.text) if isinstance(part, ThinkingPart) else _written_tokens(part) for part in parts
    )
    output_tokens = round(written * learned_ratio(request.turns))
    input_tokens = context_tokens(request.turns, request.system, model=request.model)
    return Usage(input_tokens, output_tokens=output_tokens, estimated=True)


def learned_ratio(turns: Sequence[Turn]) -> float:
    """Return the ratio of reported to rough tokens in the last reply with both: it depends on the language."""
    for turn in reversed(expand_rounds(turns)):
        if (usage := turn.usage) is None or usage.estimated or turn.role is not Role.ASSISTANT:
            continue
        has_thinking = any(isinstance(part, ThinkingPart) for part in turn.parts)
        rough = sum(_written_tokens(part) for part in turn.parts)
        if rough >= _LEAST_LEARNED_FROM and not (has_thinking and not usage.thinking_tokens):
            true = usage.output_tokens - usage.thinking_tokens
            return min(max(true / rough, _LOWEST_RATIO), _HIGHEST_RATIO)
    return 1.0


def context_tokens(turns: Sequence[Turn], system: str = "", ratio: float | None = None, *, model: str = "") -> int:
    """Return the tokens a model reads to continue after those turns: the last reported count plus estimates."""
    turns = expand_rounds(turns)
    ratio = learned_ratio(turns) if ratio is None else ratio
    counted = last_counted(turns)
    if counted is None:
        read, since = rough_tokens(system) * ratio, turns
    else:
        read, since = _context_after(turns[counted]), turns[counted + 1 :]
    return round(read + sum(turn_tokens(turn, ratio, model) for turn in since))


def last_counted(turns: Sequence[Turn]) -> int | None:
    """Return the index of the last reply whose tokens its provider counted."""
    for at in range(len(turns) - 1, -1, -1):
        usage = turns[at].usage
        if usage is not None and not usage.estimated and usage.total_input_tokens:
            return at
    return None


def turn_tokens(turn: Turn, ratio: float = 1.0, model: str = "") -> float:
    return TOKENS_PER_TURN * ratio + sum(part_tokens(part, ratio, model) for part in turn.parts)


def part_tokens(part: Part, ratio: float = 1.0, model: str = "") -> float:
    """Estimate the tokens that a model reads in a part; thinking counts only where it is sent back.

    `ratio` depends on the language, so it does not count for images.
    """
    if isinstance(part, AttachmentPart):
        return attachment_tokens(part, model) * (1.0 if is_image(part) or part.media_type == PDF else ratio)
    return _text_tokens(part) * ratio


def _text_tokens(part: Part) -> float:
    match part:
        case ThinkingPart():
            return rough_tokens(part.text) if part.opaque is not None else 0.0
        case ToolResultPart():
            return rough_tokens(part.text)
        case OtherPart():
            return rough_tokens(part.opaque.json) if part.opaque is not None else 0.0
        case _:
            return _written_tokens(part)


def _written_tokens(part: Part) -> float:
    """Estimate the tokens that a model wrote in a part, without thinking."""
    match part:
        case TextPart():
            return rough_tokens(part.text)
        case ToolCallPart():
            return TOKENS_PER_CALL + rough_tokens(part.name) + rough_tokens(part.input_json)
        case _:
            return 0.0


def _context_after(turn: Turn) -> int:
    """Return the tokens that a reply read and wrote, without thinking that is not sent back."""
    assert turn.usage is not None
    sent_back = any(isinstance(part, ThinkingPart) and part.opaque is not None for part in turn.parts)
    return turn.usage.total_tokens - (0 if sent_back else turn.usage.thinking_tokens)
