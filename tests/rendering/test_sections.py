"""Sections rendered apart are the same lines as the whole text, whatever is open where it is cut."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rendering.corpus import EXAMPLES, HOSTILE, REPLY
from tests.rendering.test_markdown import PIECES
from tui_chat.rendering import block_parser, sections
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
    "```py\n" + "x = 1  # one\n" * 9 + "\n'''\nmore\n'''\n" + "def f():\n    pass\n" * 4 + "```\n\nend\n\nend\n",
    "end\n\n````c\n/* a\n" + "b\n\n" * 20 + "*/ int x;\n```\n" + "\tlong " * 30 + "\n ````` \nend",
    "- ```\n" + "  line of code\n" * 20 + "  ```\n\nend\n\n  ```\n" + "    a\n b\n" * 9 + "  ```\nend\n\nend\n",
    "~~~\n" + "code\r\n" * 20 + "~~~\n\nend\n\n```\r\n" + "code\r\n" * 20 + "```\r\n\nend\n\nend\n",
    "```\n"
    + "a\u200db\n" * 20
    + "```\n\nend\n\n```\n"
    + "\x1b[1mcode\n\n" * 9
    + "```\n\nend\n\n```\n"
    + "open\n" * 30,
    "> ```\n" + "> quoted\n" * 20 + "end\n\n```\n12345678901\n12345678901\n```\n\nend\n\n```\n" + "\n" * 30 + "```",
)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_LEAST", 1)
    for module in (sections, block_parser):
        monkeypatch.setattr(module, "LONGEST_CODE", 24)


def in_sections(text: str, width: int) -> list[Line]:
    """Every section's lines, made from the last section to the first."""
    references = References()
    pieces = sections.cut(text, references)
    assert "".join(piece.text for piece in pieces) == text
    made = []
    for number in reversed(range(len(pieces))):
        live = LiveMarkdown(width, DARK, references, continues=number > 0, code=pieces[number].code)
        live.append(pieces[number].text)
        live.finish()
        made.append(list(live.lines))
    return [line for lines in reversed(made) for line in lines]


@pytest.mark.parametrize("text", (*TRAPS, *EXAMPLES, *HOSTILE, REPLY))
def test_a_text_in_sections_is_the_text_as_a_whole(text: str) -> None:
    for width in (20, 80):
        assert in_sections(text, width) == render(text, width, DARK)


@settings(max_examples=150)
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


def as_it_arrives(pieces: list[str], width: int, chance: random.Random) -> list[Line]:
    """The lines of the sections that a growing text is split into, each laid out as it was split."""
    texts = [LiveMarkdown(width, DARK, section_size=chance.choice((1, 30)))]
    for piece in pieces:
        texts[-1].append(piece)
        for _ in range(chance.choice((0, 1, 1))):
            texts[-1].advance(chance.choice((0, 1)))
            while (section := texts[-1].split()) is not None:
                texts.append(section)
                texts[-1].advance(0)
    texts[-1].finish()
    while not texts[-1].advance() or (section := texts[-1].split()) is not None:
        texts.append(section)
    assert "".join(text.source for text in texts) == "".join(pieces)
    return [line for text in texts for line in again(text, width, is_first=text is texts[0])]


def again(text: LiveMarkdown, width: int, *, is_first: bool) -> list[Line]:
    """The lines of a section: laid out again where links in it were defined later."""
    if not any(label in text.references for label in text.unknown_labels):
        return list(text.lines)
    other = LiveMarkdown(width, DARK, text.references, continues=not is_first, code=text.code)
    other.append(text.source)
    other.finish()
    return list(other.lines)


@pytest.mark.parametrize("text", (*TRAPS, *EXAMPLES, *HOSTILE, REPLY))
def test_a_text_split_as_it_arrives_is_the_text_as_a_whole(text: str) -> None:
    chance = random.Random(3)
    for size in (1, 7, len(text) + 1) if len(text) < 400 else (97, len(text)):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        assert as_it_arrives(pieces, 60, chance) == render(text, 60, DARK)


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from((*PIECES, "\n\n", "\n\nend", "\n\n# end\n", *TRAPS, "\u200d", "\ufe0f")), max_size=40),
    st.sampled_from((12, 40, 100)),
    st.integers(0, 1000),
)
def test_any_text_split_as_it_arrives_is_the_text_as_a_whole(pieces: list[str], width: int, seed: int) -> None:
    assert as_it_arrives(pieces, width, random.Random(seed)) == render("".join(pieces), width, DARK)


def test_a_reply_is_split_as_it_arrives() -> None:
    text, sections_made = LiveMarkdown(80, DARK, section_size=500), 1
    for at in range(0, len(REPLY) * 3, 50):
        text.append((REPLY * 3)[at : at + 50])
        text.advance()
        while (rest := text.split()) is not None:
            text, sections_made = rest, sections_made + 1
    assert sections_made > len(REPLY) * 3 / 5000


def test_a_long_reply_has_many_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_LEAST", 500)
    assert len(sections.cut(REPLY * 3, References())) > len(REPLY) * 3 / 5000


@pytest.mark.parametrize("end", ["", "```\n\nThe end.\n"])
def test_long_code_has_many_sections(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    text = "Here:\n\n```log\n" + "a line of a log\n" * 5_000 + end
    pieces = sections.cut(text, References())
    assert sum(piece.code is not None for piece in pieces) == 4
    assert max(len(piece.text) for piece in pieces) < 17_000
    live, made = LiveMarkdown(80, DARK, section_size=4_000), 1
    for at in range(0, len(text), 500):
        live.append(text[at : at + 500])
        live.advance()
        while (rest := live.split()) is not None:
            live, made = rest, made + 1
    assert made >= 5
