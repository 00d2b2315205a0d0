"""Exports a conversation as Markdown: facts in front matter, text verbatim, thinking and tools collapsed."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from tui_chat.core.attachment import is_image
from tui_chat.core.bounds import UNKNOWN_MOMENT
from tui_chat.core.conversation import Conversation, SideRequest
from tui_chat.core.file_name import safe_file_name
from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.sources import source_of
from tui_chat.core.turn import Role, Turn
from tui_chat.core.usage import Cost, Usage, sum_costs
from tui_chat.formats.transcript import (
    Branch,
    ShownPart,
    TranscriptTurn,
    attachment_line,
    one_line,
    transcript_turns,
    whole_parts,
)

_NO_FILES: Mapping[str, str] = {}
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_UNFOLDING = re.compile(r"</?(details|summary)\b", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


Files = Mapping[str, str]
"""The SHA-256 of attached files → where they are written, as a path from the Markdown file."""


def to_markdown(conversation: Conversation, branch: Branch = Branch.CURRENT, files: Files = _NO_FILES) -> str:
    """Return the current branch, or all branches, each turn under a heading with its position.

    Attachments become links to `files`, and lines with their name and size where they are not written.
    """
    turns = transcript_turns(conversation, branch)
    blocks = [
        "\n".join(_front_matter(conversation, branch, [entry.turn for entry in turns])),
    ]
    if title := one_line(conversation.title):
        blocks.append(f"# {title}")
    if conversation.system:
        blocks.append(_folded("System prompt", conversation.system))
    for entry in turns:
        blocks.append(_heading(entry, branch))
        blocks += _body(entry, files)
    return "\n\n".join(blocks) + "\n"


def _front_matter(conversation: Conversation, branch: Branch, turns: Sequence[Turn]) -> Iterator[str]:
    yield "---"
    yield f"title: {_yaml(conversation.title)}"
    yield f"id: {_yaml(conversation.id)}"
    yield f"created: {_date(conversation.created_at)}"
    yield f"updated: {_date(conversation.updated_at)}"
    if conversation.archived_at is not None:
        yield f"archived: {_date(conversation.archived_at)}"
    yield f"model: {_yaml(conversation.model)}"
    if conversation.origin is not None and conversation.origin.source:
        yield f"imported_from: {_yaml(conversation.origin.source)}"
    yield f"branch: {branch.value}"
    yield f"turns: {len(turns)}"
    replies = [turn for turn in turns if turn.role is Role.ASSISTANT and (turn.usage or turn.parts)]
    paid: list[Turn | SideRequest] = [*replies, *conversation.side_requests]
    yield from _tokens([entry.usage for entry in paid])
    yield from _cost([entry.cost for entry in paid])
    yield "---"


def _tokens(usages: Sequence[Usage | None]) -> Iterator[str]:
    known = [usage for usage in usages if usage is not None and not usage.unknown]
    if usages and not known:
        yield "tokens: null"
        return
    total = sum(known, Usage())
    yield "tokens:"
    yield f"  input: {total.input_tokens}"
    yield f"  cache_read: {total.cache_read_tokens}"
    yield f"  cache_write: {total.cache_write_tokens}"
    yield f"  output: {total.output_tokens}"
    yield f"  thinking: {total.thinking_tokens}"
    yield f"  estimated: {_yaml(total.estimated)}"
    if unknown := sum(usage is not None and usage.unknown for usage in usages):
        yield f"  unknown_replies: {unknown}"


def _cost(costs: Sequence[Cost | None]) -> Iterator[str]:
    """Yield the known cost, with the number of replies whose cost is unknown."""
    cost = sum_costs(costs)
    nothing_known = cost.unknown_replies and not cost.known_replies
    yield f"cost_usd: {'null' if nothing_known else _yaml(f'{cost.total_usd:f}')}"
    yield f"cost_estimated: {_yaml(cost.estimated)}"
    yield f"cost_unknown_replies: {cost.unknown_replies}"


def _date(date: datetime) -> str:
    return "null" if date == UNKNOWN_MOMENT else date.astimezone(UTC).isoformat()


def _yaml(value: object) -> str:
    """Return a value as YAML: JSON strings are valid there once a few characters are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def _heading(entry: TranscriptTurn, branch: Branch) -> str:
    words = [entry.numbered(entry.speaker, branch), *entry.position_notes(branch)]
    return f"## {' · '.join(words)}\n\n_{' · '.join(entry.facts)}_"


def _body(entry: TranscriptTurn, files: Files) -> Iterator[str]:
    for part in whole_parts(entry.turn):
        yield _part(part, files)
    if entry.fault:
        yield f"> **Failed** · {entry.fault}"


def _part(part: ShownPart, files: Files) -> str:
    match part:
        case TextPart():
            return part.text + _closing(part.text)
        case ThinkingPart():
            return _folded("Thinking", part.text) if part.text else "_Thinking, not shown_"
        case ToolCallPart():
            return _folded(f"Tool: {one_line(part.name)}", part.input_json, "json")
        case ToolResultPart():
            return _folded("Tool failed" if part.is_error else "Tool result", part.text, "text")
        case AttachmentPart():
            return _attachment(part, files.get(part.sha256, ""))
        case OtherPart():
            source = source_of(part)
            return f"_[{one_line(part.kind)}]_" if source is None else f"- {one_line(source)}"


def _attachment(part: AttachmentPart, path: str) -> str:
    """Return a link to the file, an image as an image; without a path a line that names it."""
    if not path:
        return f"📎 {attachment_line(part)}"
    name = re.sub(r"([\\\[\]])", r"\\\1", one_line(part.name))
    link = f"[{name}](<{quote(path)}>)"
    return f"!{link}" if is_image(part) else f"📎 {link}"


def attached_files(conversation: Conversation, branch: Branch, folder: str) -> dict[str, str]:
    """Return a path in `folder` for each file of the exported branch, by its SHA-256; no two are the same."""
    paths: dict[str, str] = {}
    taken = set[str]()
    for entry in transcript_turns(conversation, branch):
        for part in entry.turn.parts:
            if isinstance(part, AttachmentPart) and part.sha256 and part.sha256 not in paths:
                name = safe_file_name(part.name)
                if name.casefold() in taken:
                    name = f"{part.sha256[:12]}-{name}"
                taken.add(name.casefold())
                paths[part.sha256] = f"{folder}/{name}"
    return paths


def _folded(summary: str, text: str, language: str = "") -> str:
    """Return text in a collapsed `<details>` element."""
    if language or _UNFOLDING.search(text):
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        text = f"{fence}{language or 'text'}\n{text}\n{fence}"
    else:
        text += _closing(text)
    summary = summary.replace("&", "&amp;").replace("<", "&lt;")
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def _closing(text: str) -> str:
    """Return the closing fence of a code block that was cut off, or nothing."""
    open_with = ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if fence is None:
            continue
        marks, rest = fence.groups()
        if not open_with:
            open_with = "" if marks[0] == "`" and "`" in rest else marks
        elif marks.startswith(open_with) and not rest.strip():
            open_with = ""
    return f"\n{open_with}" if open_with else ""
