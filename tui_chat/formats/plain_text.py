"""Exports a conversation as plain text. The text is raw: `clean` it before a terminal."""

from collections.abc import Iterator

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.sources import source_of
from tui_chat.formats.transcript import (
    Branch,
    ShownPart,
    TranscriptTurn,
    attachment_line,
    one_line,
    transcript_turns,
    whole_parts,
)


def to_plain(conversation: Conversation, branch: Branch = Branch.CURRENT) -> str:
    """Return title, system prompt and turns, separated by empty lines."""
    blocks = [title] if (title := one_line(conversation.title)) else []
    if conversation.system:
        blocks.append(f"System:\n{conversation.system}")
    for entry in transcript_turns(conversation, branch):
        blocks.append("\n".join([_heading(entry, branch), *_body(entry)]))
    return "\n\n".join(blocks) + "\n"


def _heading(entry: TranscriptTurn, branch: Branch) -> str:
    words = [entry.numbered(entry.speaker, branch), *entry.position_notes(branch)]
    return f"{', '.join(words)} ({', '.join(entry.facts)}):"


def _body(entry: TranscriptTurn) -> Iterator[str]:
    yield from map(_part, whole_parts(entry.turn))
    if entry.fault:
        yield f"[failed: {entry.fault}]"


def _part(part: ShownPart) -> str:
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
            source = source_of(part)
            return f"[{one_line(part.kind)}]" if source is None else f"- {one_line(source)}"
