"""A reply's events as plain lines: its text as it comes, and a sentence for everything else. Prints nothing."""

import re

from tui_chat.cli.reply_output import figures
from tui_chat.core.clean import clean, clean_line
from tui_chat.core.error import ChatError, Fault
from tui_chat.core.event import (
    ApprovalAsked,
    Health,
    HealthChanged,
    PartDelta,
    ReplyEvent,
    RetryScheduled,
    SavingChanged,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolStarted,
    ToolsUnsupported,
    TurnEnded,
    TurnStarted,
)
from tui_chat.core.format_numbers import duration
from tui_chat.core.part import RoundPart, ToolCallPart, ToolResultPart
from tui_chat.core.tool import Approval
from tui_chat.core.turn import Turn
from tui_chat.wording import ErrorText, ending, explain

_DONE_BY = (
    ("try again", "/retry"),
    ("regenerate", "/retry"),
    ("continue", "/continue"),
    ("edit the prompt", "/edit"),
    ("choose another model", "/model"),
    ("cancel it", "Ctrl+C"),
)
"""The words of `wording.py` for what a command does."""
_SHORT = 200
"""Characters of a message that is put into the sentence about it."""


class LinearText:
    """Formats the events of one reply. Every line that is not text of the model is a line of its own."""

    def __init__(self) -> None:
        self._last = "\n"
        self._has_thought = False
        self._tools: dict[str, str] = {}

    def __call__(self, event: ReplyEvent) -> str:
        match event:
            case TextDelta(text):
                self._last = text[-1:]
                return clean(text)
            case TurnStarted(turn=turn):
                self._tools = {part.call_id: part.name for part in turn.parts if isinstance(part, ToolCallPart)}
                return f"{clean_line(turn.model)}:\n"
            case ThinkingDelta() if not self._has_thought:
                self._has_thought = True
                return self._line("Thinking.")
            case RetryScheduled(attempt, delay_s, error):
                return self._line(
                    f"{explain(error).sentence} Attempt {attempt} in {duration(delay_s)}; Ctrl+C stops."
                )
            case HealthChanged(health=Health.DEGRADED, silent_s=silent_s):
                return self._line(f"Nothing has arrived for {duration(silent_s)}; Ctrl+C stops.")
            case SavingChanged(error):
                return self._line("Saving works again." if error is None else f"Not saved: {explain(error).sentence}")
            case ToolCallDelta(call_id=call_id, name=name) if name:
                self._tools.setdefault(call_id, name)
            case ToolStarted(call_id):
                return self._line(f"Running {clean_line(self._tools.get(call_id, 'a tool'))}.")
            case ApprovalAsked(approval):
                return self._line(approval_text(approval))
            case ToolsUnsupported(model):
                return self._line(f"{clean_line(model)} cannot use tools; it answers without them.")
            case PartDelta(part):
                return self._part(part)
            case TurnEnded():
                return self._ended(event)
        return ""

    def _line(self, sentence: str) -> str:
        gap = "" if self._last == "\n" else "\n"
        self._last = "\n"
        return f"{gap}{sentence}\n"

    def _part(self, part: object) -> str:
        match part:
            case ToolResultPart():
                return self._line(
                    f"Tool result: {part.status.value.replace('_', ' ')}, {len(part.text):,} characters."
                )
            case RoundPart():
                self._has_thought = False
        return ""

    def _ended(self, event: TurnEnded) -> str:
        lines = [] if self._last == "\n" else ["\n"]
        if event.save_error is not None:
            lines.append(error_text(event.save_error))
        if event.error is not None:
            lines.append(error_text(event.error))
        elif (words := ending(event.turn)) is not None:
            lines.append(_sentences(words))
        return "".join([*lines, f"({_figures(event.turn)})\n"])


def _figures(turn: Turn) -> str:
    return clean_line(figures(turn))


def error_text(error: ChatError | Fault) -> str:
    """Return lines with what happened, the provider's own message, and the command to run next."""
    words = explain(error)
    detail = clean(error.message).strip()
    request_id = f"Request id: {clean_line(error.request_id)}." if error.request_id else ""
    lines = [_with_detail(words.sentence, detail), request_id, with_commands(words.next_step)]
    return "".join(f"{line}\n" for line in lines if line)


def _with_detail(sentence: str, detail: str) -> str:
    """Return a sentence and what it is about: in one line if that is short, else below it."""
    if detail.rstrip(".").lower() in ("", sentence.rstrip(".").lower()):
        return sentence
    if "\n" in detail or len(detail) > _SHORT:
        return f"{sentence}\n{detail}"
    return f"{sentence.removesuffix('.')}: {detail}{'' if detail[-1] in '.!?' else '.'}"


def _sentences(words: ErrorText) -> str:
    return f"{words.sentence} {with_commands(words.next_step)}".strip() + "\n"


def with_commands(next_step: str) -> str:
    """Return a next step with its commands, such as `Continue (/continue) or regenerate (/retry).`"""
    for words, command in _DONE_BY:
        next_step = re.sub(rf"\b{words}\b", rf"\g<0> ({command})", next_step, count=1, flags=re.IGNORECASE)
    return next_step


def approval_text(approval: Approval) -> str:
    """Return the whole call that waits for an answer, and the answers."""
    review = approval.review
    source = f" of {clean_line(review.tool.mcp)}" if review.tool.mcp else ""
    lines = [f"The model calls {clean_line(review.tool.name)}{source}:"]
    lines += [f"  {line}" for line in clean(review.details).split("\n")]
    if review.warning:
        lines.append(f"Caution: {clean_line(review.warning)}.")
    lines.append(f"a (always) covers {clean_line(approval.always_covers)}.")
    server = "s all tools of this server, " if review.tool.mcp else ""
    lines.append(
        f"y yes, c yes in this conversation, a always, {server}n no, x no and end the reply."
        " Words after n go to the model."
    )
    return "\n".join(lines)
