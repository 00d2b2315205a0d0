"""Which turns of a branch a model reads: all but those left out, or the summary instead of what it summarises. Pure.

A summary is a branch of its own: its prompt is a root that names the end of the branch that it summarises.
"""

from collections.abc import Iterable
from dataclasses import replace

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import OtherPart, Part, TextPart
from tui_chat.core.provider import CONTINUE_PROMPT
from tui_chat.core.rounds import without_figures
from tui_chat.core.turn import Role, Turn, TurnStatus

_PREFIX = "summary of: "
SUMMARY_REQUEST = (
    "Summarise our conversation so far. From now on only your summary is sent instead of the messages before it, so"
    " keep every requirement, decision, fact, name, number and open question that later messages may need, and quote"
    " code and commands that are still in use exactly. Write in the language of the conversation, and nothing but the"
    " summary."
)


def summary_prompt(turn_id: str, instructions: str = "") -> tuple[Part, ...]:
    """Return the prompt that asks for a summary of the branch that ends at that turn."""
    text = f"{SUMMARY_REQUEST}\n\n{instructions}" if instructions else SUMMARY_REQUEST
    return OtherPart(f"{_PREFIX}{turn_id}"), TextPart(text)


def summarized_turn(turn: Turn) -> str | None:
    """Return the end of the branch that a prompt has summarised; `None` for any other turn."""
    part = turn.parts[0] if turn.parts else None
    if turn.role is Role.USER and isinstance(part, OtherPart) and part.kind.startswith(_PREFIX):
        return part.kind.removeprefix(_PREFIX)
    return None


def is_summary_mark(part: Part) -> bool:
    """Return whether a part only marks its prompt as one for a summary."""
    return isinstance(part, OtherPart) and part.opaque is None and part.kind.startswith(_PREFIX)


def is_summary_requested(sent: tuple[Turn, ...]) -> bool:
    return _requested_summary(sent) is not None


def has_summarized(conversation: Conversation, sent: tuple[Turn, ...]) -> bool:
    """Return whether the branch that the request wants summarised is in the conversation: a fork lacks it."""
    source = _requested_summary(sent)
    return source is not None and conversation.has(source)


def _requested_summary(sent: tuple[Turn, ...]) -> str | None:
    """Return the end of the branch that the request wants summarised, also where a summary is to be continued."""
    prompts = [turn for turn in sent[-2:] if turn.role is Role.USER]
    return summarized_turn(prompts[-1]) if prompts else None


def sent_turns(conversation: Conversation, turn_id: str | None) -> tuple[Turn, ...]:
    """Return what a model reads to continue after that turn.

    A prompt that is to be answered, and a reply that is to be continued, are sent even where they are left out.
    """
    sent: tuple[Turn, ...] = ()
    roots: set[str] = set()
    while turn_id is not None and conversation.has(turn_id):
        path = conversation.path_to(turn_id)
        hidden = _left_out(conversation, path)
        sent = (*(turn for turn in path if turn.id not in hidden), *sent)
        # Until there is a summary, everything before it is read. Only a forged file has a circle of summaries.
        is_needed = not is_summary(path[1:2]) and path[0].id not in roots
        roots.add(path[0].id)
        turn_id = summarized_turn(path[0]) if is_needed else None
    return sent


def counted_turns(conversation: Conversation, turn_id: str | None) -> tuple[Turn, ...]:
    """Return `sent_turns` without those counts of input that are no longer those of the branch."""
    turns = sent_turns(conversation, turn_id)
    changed_at, summary = conversation.left_out_at, _summary_of(turns)
    return tuple(
        _without_input(turn)
        if turn.id == summary or (changed_at is not None and turn.created_at < changed_at)
        else turn
        for turn in turns
    )


def is_summary(replies: Iterable[Turn]) -> bool:
    """Return whether the reply to a prompt for a summary is one: complete, and not empty."""
    return any(turn.status is TurnStatus.COMPLETE and turn.text.strip() for turn in replies)


def _summary_of(turns: tuple[Turn, ...]) -> str | None:
    at = next((at for at, turn in enumerate(turns) if summarized_turn(turn) is not None), len(turns))
    return turns[at + 1].id if at + 1 < len(turns) else None


def is_left_out(conversation: Conversation, turn: Turn) -> bool:
    """Return whether the user left a turn out: itself, or the prompt that it answers."""
    marked = conversation.left_out
    return turn.id in marked or (turn.role is Role.ASSISTANT and turn.parent_id in marked)


def _left_out(conversation: Conversation, path: tuple[Turn, ...]) -> set[str]:
    if not conversation.left_out:
        return set()
    hidden = {turn.id for turn in path if is_left_out(conversation, turn)}
    last = path[-1] if path else None
    if last is not None and (last.role is Role.USER or last.is_live):
        hidden.discard(last.id)
        if last.is_live or last.text == CONTINUE_PROMPT:
            hidden.discard(last.parent_id or "")
    return hidden


def _without_input(turn: Turn) -> Turn:
    """Return a reply whose input does not count, so that it is estimated."""
    if turn.usage is None:
        return turn
    usage = replace(turn.usage, input_tokens=0, cache_read_tokens=0, cache_write_5m_tokens=0, cache_write_1h_tokens=0)
    return replace(turn, usage=usage, parts=without_figures(turn.parts))
