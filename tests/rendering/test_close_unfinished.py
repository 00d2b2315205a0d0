"""What breaks off is shown as it will most likely go on, so that hardly a sign comes only to go again."""

import pytest

from tests.rendering.corpus import REPLY
from tui_chat.rendering.close_unfinished import close_unfinished, may_become_block
from tui_chat.rendering.markdown import LiveMarkdown
from tui_chat.rendering.styles import DARK


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("plain", "plain"),
        ("a **b", "a **b**"),
        ("a **b*", "a **b**"),
        ("a **b c ", "a **b c**"),
        ("a **b** c", "a **b** c"),
        ("a **", "a"),
        ("a *b", "a *b*"),
        ("**a *b", "**a *b***"),
        ("a `b", "a `b`"),
        ("a ``b`", "a ``b``"),
        ("`a *b", "`a *b`"),
        ("a ~~b", "a ~~b~~"),
        ("a ~", "a "),
        ("[a](https://b", "[a]()"),
        ("**[a](https://b", "**[a]()**"),
        ("a ![b", "a "),
        ("a [^1", "a "),
        ("a \\(b", "a \\(b\\)"),
        ("a \\", "a "),
        ("a \\\\", "a \\\\"),
        ("a <https://b", "a https://b"),
        ("snake_case_name", "snake_case_name"),
        ("2 * 3", "2 * 3"),
        ("a*b", "a*b"),
        ("\\*a", "\\*a"),
        ("*" + "far away " * 40, "*" + "far away " * 40),
    ],
)
def test_what_is_open_is_closed(text: str, mended: str) -> None:
    assert close_unfinished(text) == mended


@pytest.mark.parametrize(
    "line",
    ["", "  ", "-", "- ", "1", "1.", "1. ", "- [", "- [ ]", "#", "##", "`", "``", "> - ", "--", "| ", "1. **", "<!"],
)
def test_a_line_that_may_become_anything_is_not_shown_yet(line: str) -> None:
    assert may_become_block(line)


@pytest.mark.parametrize("line", ["a", "- a", "1. a", "# a", "> a", "```py", "| a", "**a", "- [ ] a", "100 apples"])
def test_a_line_that_has_started_is_shown(line: str) -> None:
    assert not may_become_block(line)


def test_a_reply_that_is_typed_shows_hardly_a_sign_that_vanishes() -> None:
    live, before, taken_back = LiveMarkdown(80, DARK), "", []
    for number, character in enumerate(REPLY):
        live.append(character)
        text = "".join(line.text for line in live.lines if "│" not in line.text and "─" not in line.text)
        now = "".join(text.split())
        if not now.startswith(before):
            same = next(
                at for at, (old, new) in enumerate(zip(before + "\0", now + "\1", strict=False)) if old != new
            )
            taken_back.append((REPLY[max(0, number - 20) : number + 1], before[same:]))
        before = now
    visible = [piece for _, piece in taken_back if len(piece) > 2]
    assert len(visible) <= len(REPLY) // 500, taken_back
