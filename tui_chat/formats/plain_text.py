"""A conversation as plain text, without marks. Its words are raw: not yet clean for a terminal."""

from collections.abc import Iterator

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.formats.transcript import Branch, TranscriptTurn, attachment_line, one_line, told, whole_parts


def to_plain(conversation: Conversation, branch: Branch = Branch.CURRENT) -> str:
    """Title, system prompt and turns, parted by empty lines."""
    blocks = [title] if (title := one_line(conversation.title)) else []
    if conversation.system:
        blocks.append(f"System:\n{conversation.system}")
    for one in told(conversation, branch):
        blocks.append("\n".join([_heading(one, branch), *_body(one)]))
    return "\n\n".join(blocks) + "\n"


def _heading(one: TranscriptTurn, branch: Branch) -> str:
    words = [one.numbered(one.speaker, branch), *one.standing(branch)]
    return f"{', '.join(words)} ({', '.join(one.facts)}):"


def _body(one: TranscriptTurn) -> Iterator[str]:
    yield from map(_part, whole_parts(one.turn))
    if one.fault:
        yield f"[failed: {one.fault}]"


def _part(part: Part) -> str:
    match part:
        case TextPart():
            return part.text
        case ThinkingPart():
            return f"[thinking]\n{part.text}\n[/thinking]" if part.text else "[thinking, not shown]"
        case ToolCallPart():
            return f"[tool {one_line(part.name)}: {part.input_json}]"
        case ToolResultPart():
            return f"[tool {'failed' if part.is_error else 'result'}]\n{part.text}\n[/tool]"
        case AttachmentPart():
            return f"[attachment: {attachment_line(part)}]"
        case OtherPart():
            return f"[{one_line(part.kind)}]"
