"""Exports a conversation as one HTML file that needs nothing else: no script, no request, light and dark."""

import base64
from collections.abc import Iterator
from html import escape

from tui_chat.core.clean import clean, clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.part import AttachmentPart, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role, Turn
from tui_chat.formats.html_markdown import code_html, content_css, markdown_html
from tui_chat.formats.transcript import (
    Branch,
    ShownPart,
    TranscriptTurn,
    attachment_line,
    transcript_turns,
    whole_parts,
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_SHOWN_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_CSS = """
:root { color-scheme: light dark; --text: #1c1d20; --dim: #6b6f76; --line: #e2e4e8; --back: #fff; --code: #f6f7f9;
  --accent: #3455db; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --text: #e4e5e8; --dim: #979ca5; --line: #34373d; --back: #16171a;
  --code: #1f2125; --accent: #8aa4ff; --bad: #ff8a80 } }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 46rem; color: var(--text); background: var(--back);
  font: 16px/1.6 system-ui, sans-serif; overflow-wrap: anywhere }
body > header h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem }
header p, article > header, .fault { color: var(--dim); font-size: .85rem; margin: 0 }
article { margin: 2rem 0 0; padding-left: 1rem; border-left: 3px solid transparent }
article.user { border-color: var(--accent) }
article > header a { color: inherit; text-decoration: none; font-weight: 600 }
article:target { background: var(--code) }
a { color: var(--accent) }
pre { background: var(--code); padding: .75rem 1rem; border-radius: 6px; overflow-x: auto; line-height: 1.45 }
code { font: .875em/1.45 ui-monospace, monospace; overflow-wrap: normal }
:not(pre) > code { background: var(--code); padding: .1em .3em; border-radius: 4px }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { border: 1px solid var(--line); padding: .3rem .7rem; text-align: left; overflow-wrap: normal }
blockquote { margin: 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--dim) }
details { margin: .75rem 0 } summary { cursor: pointer; color: var(--dim); font-size: .9rem }
details.branch { border-left: 1px dashed var(--line); padding-left: 1rem }
img { max-width: 100%; height: auto; border-radius: 6px } .fault { color: var(--bad) }
hr { border: 0; border-top: 1px solid var(--line) }
"""


def to_html(conversation: Conversation, branch: Branch = Branch.CURRENT, *, attachments: bool = True) -> str:
    """Return the current branch, or all branches with those that are not shown folded in."""
    title = clean_line(conversation.title) or "Untitled"
    head = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(title)}</title>",
        f"<style>{_CSS}{content_css()}</style></head><body>",
        f"<header><h1>{escape(title)}</h1><p>{escape(_about(conversation))}</p></header>",
    ]
    if conversation.system:
        head.append(_folded("System prompt", f"<pre>{escape(clean(conversation.system))}</pre>"))
    body = _tree(conversation, attachments) if branch is Branch.ALL else _path(conversation, attachments)
    return "\n".join([*head, *body, "</body></html>", ""])


def turn_html(turn: Turn, *, attachments: bool = False) -> str:
    """Return the content of one turn, without a heading."""
    return "\n".join(_part(part, attachments) for part in whole_parts(turn))


def _about(conversation: Conversation) -> str:
    day = conversation.created_at.date().isoformat()
    return " · ".join(filter(None, (clean_line(conversation.model), day, f"{len(conversation.turns)} messages")))


def _path(conversation: Conversation, attachments: bool) -> Iterator[str]:
    for entry in transcript_turns(conversation, Branch.CURRENT):
        yield _article(entry, Branch.CURRENT, attachments)


def _tree(conversation: Conversation, attachments: bool) -> Iterator[str]:
    """Yield the shown branch; after each turn that has siblings, they and what follows them are folded.

    Without recursion: a conversation may be nested deeper than Python's calls.
    """
    entries = {entry.turn.id: entry for entry in transcript_turns(conversation, Branch.ALL)}
    pending: list[str | tuple[Turn, ...]] = [conversation.children_of(None)]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
            continue
        if not item:
            continue
        main = next((turn for turn in item if entries[turn.id].is_shown), item[-1])
        others = [turn for turn in item if turn is not main]
        yield _article(entries[main.id], Branch.ALL, attachments)
        pending.append(conversation.children_of(main.id))
        if others:
            label = "1 other version" if len(others) == 1 else f"{len(others)} other versions"
            pending.append("</details>")
            pending += [(turn,) for turn in reversed(others)]
            pending.append(f'<details class="branch"><summary>{label}</summary>')


def _article(entry: TranscriptTurn, branch: Branch, attachments: bool) -> str:
    turn = entry.turn
    kind = "user" if turn.role is Role.USER else "assistant"
    facts = " · ".join([*entry.position_notes(branch), *entry.facts])
    anchor = f"turn-{entry.number}"
    fault = f'<p class="fault">Failed: {escape(clean_line(entry.fault))}</p>' if entry.fault else ""
    return (
        f'<article class="{kind}" id="{anchor}"><header><a href="#{anchor}">{entry.speaker}</a> · '
        f"{escape(clean_line(facts))}</header>\n{turn_html(turn, attachments=attachments)}{fault}</article>"
    )


def _part(part: ShownPart, attachments: bool) -> str:
    match part:
        case TextPart(text):
            return markdown_html(text)
        case ThinkingPart(text):
            return _folded("Thinking", markdown_html(text)) if text else ""
        case ToolCallPart(name=name, input_json=text):
            return _folded(f"Tool: {name}", code_html(text, "json"))
        case ToolResultPart(text=text, is_error=is_error):
            return _folded("Tool failed" if is_error else "Tool result", code_html(text))
        case AttachmentPart():
            return _attachment(part, attachments)
        case OtherPart(kind):
            return f"<p><em>[{escape(clean_line(kind))}]</em></p>"


def _attachment(part: AttachmentPart, included: bool) -> str:
    label = escape(attachment_line(part))
    if not included or not part.data:
        return f"<p>📎 {label}</p>"
    data = base64.b64encode(part.data).decode()
    if part.media_type in _SHOWN_IMAGES:
        return f'<figure><img alt="{label}" src="data:{part.media_type};base64,{data}"></figure>'
    name = escape(clean_line(part.name) or "file")
    # Octets, whatever it claims to be: a browser saves it and never runs it.
    return f'<p>📎 <a download="{name}" href="data:application/octet-stream;base64,{data}">{label}</a></p>'


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{escape(clean_line(summary))}</summary>\n{content}</details>"
