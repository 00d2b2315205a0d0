"""Sections rendered apart are the same lines as the whole text, whatever is open where it is cut."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rendering.corpus import EXAMPLES, HOSTILE, REPLY
from tests.rendering.test_markdown import PIECES
from tui_chat.rendering import sections
from tui_chat.rendering.line import Line
from tui_chat.rendering.markdown import LiveMarkdown, render
from tui_chat.rendering.references import References
from tui_chat.rendering.styles import DARK

TRAPS = (
    "```\n\nnot the end\n\n```\n\nend\n\nmore\n",
    "- ```\n\nend of both\n\n- x\n\nend\n",
    "  ```\n\ncode\n\n  ```\n\nend\n",
    "<!-- \n\nstill a comment\n\n-->\n\nend\n",
    "<PRE>\n\nstill\n\n</PRE>\n\nend\n",
    "<div>\n\nend\n\nx\n",
    "$$\nx\n\nend\n\n$$\n\ny\n",
    "see [foo]\n\nand [bar]\n\n> [foo]: /first\n\nx\n\n[foo]: /second\n[bar]:\n/url 'a\ntitle'\n\n[foo]",
    "- [ ] [foo]: /url\n\nsee [foo]\n\n[^1]: [foo]: /other\n\nsee [foo]\n",
    "`\u200d``\n\ncode\n\n```\n\nend\n\nend\n",
    "<\u200d!--\n\ncode\n\n-->\n\nend\n\n[foo]\u200d: /url\n\n[foo]",
    "a\n\n\u200d- no item\n\nend\n\nb",
    "one\u2028```\n\ncode\n\n```\n\nend\n",
    "\n\n[a]: /url\n\n[b]: /url\n\nshown first\n\nshown second\n",
    "a\r\n\r\nb\r\n \r\n# c\r\n\r\nd\r\n",
    "1. a\n\n   b\n\nend\n\n2. c\n\nend\n",
    "> quote\n\nend\n\n> quote\n\n# end\n\n    code\n\nend\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\nend\n\n| a |\n\nend\n",
    "end\n\n```py\na\n\nb\n\n  ````\t \n\n[foo]: /url\n\nend\n\n```a`b\n\nsee [foo]\n\n```\n\nopen\n\nend",
    "end\n\n```\na\n\n    ```\n\nb\n\n```x\n\nc\n\n`\u200d``\n\nend\n\n```\n\nd\r\n```\r\n\r\nend\n",
    "- a\n\n**b**\n\n** c\n\n***\n\n- a\n\n|b\n\n|a|b|\n|-|-|\n\n| c |\n\nend\n",
    "#\n\n# \n\nend\n\n###### x\n\nend\n",
)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_LEAST", 1)


def in_sections(text: str, width: int) -> list[Line]:
    """Every section's lines, made from the last section to the first."""
    references = References()
    pieces = sections.cut(text, references)
    assert "".join(pieces) == text
    made = []
    for number in reversed(range(len(pieces))):
        live = LiveMarkdown(width, DARK, references, continues=number > 0)
        live.append(pieces[number])
        live.finish()
        made.append(list(live.lines))
    return [line for lines in reversed(made) for line in lines]


@pytest.mark.parametrize("text", (*TRAPS, *EXAMPLES, *HOSTILE, REPLY))
def test_a_text_in_sections_is_the_text_as_a_whole(text: str) -> None:
    for width in (20, 80):
        assert in_sections(text, width) == render(text, width, DARK)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.sampled_from((*PIECES, "\n\n", "\n\nend", "\n\n# end\n", *TRAPS, "\u200d", "\ufe0f")), max_size=40),
    st.sampled_from((12, 40, 100)),
)
def test_any_text_in_sections_is_the_text_as_a_whole(pieces: list[str], width: int) -> None:
    text = "".join(pieces)
    assert in_sections(text, width) == render(text, width, DARK)


def test_examples_in_any_order_are_the_text_as_a_whole() -> None:
    chance = random.Random(5)
    examples = [*TRAPS, *EXAMPLES]
    for _ in range(10):
        text = "\n\nend\n\n".join(chance.sample(examples, 20))
        assert in_sections(text, 60) == render(text, 60, DARK)


def test_a_long_reply_has_many_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_LEAST", 500)
    assert len(sections.cut(REPLY * 3, References())) > len(REPLY) * 3 / 5000
