"""Block structure is CommonMark's: an independent parser finds the same, but for what is ours on purpose."""

import random

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.rendering.corpus import EXAMPLES, EXTENSIONS, HOSTILE, REPLY
from tui_chat.rendering.block_nodes import (
    BREAK,
    DISPLAY,
    FENCED,
    HEAD,
    HTML,
    INDENTED,
    ITEM,
    LIST,
    LONGEST,
    NOTED,
    PARAGRAPH,
    QUOTE,
    TABLE,
    Container,
    Leaf,
)
from tui_chat.rendering.block_parser import BlockParser
from tui_chat.rendering.block_patterns import cells_of
from tui_chat.rendering.references import References

Found = tuple[str, ...]
"""The containers around something, its kind, and what it holds."""
_CONTAINERS = {"blockquote": QUOTE, "bullet_list": LIST, "ordered_list": LIST, "list_item": ITEM}
_VERBATIM = {"fence": FENCED, "code_block": INDENTED, "html_block": HTML}


class Recorder:
    """Writes down what is closed."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.leaves: list[Leaf] = []
        self.items: list[Container] = []
        self.references = References()

    def leaf_closed(self, stack: list[Container], leaf: Leaf) -> None:
        self.leaves.append(leaf)
        path = [container.kind for container in stack[1:]]
        self.found.append((*path, f"{leaf.kind}{leaf.level or ''}", self.content(leaf)))

    def content(self, leaf: Leaf) -> str:
        if leaf.kind == TABLE:
            rows = [(cells_of(line) + [""] * len(leaf.aligns))[: len(leaf.aligns)] for line in leaf.lines]
            return "\n".join(" | ".join(map(_squeezed, row)) for row in rows)
        text = "\n".join(leaf.lines)
        return _squeezed(text) if leaf.kind in (PARAGRAPH, HEAD) else text

    def container_closed(self, stack: list[Container]) -> None:
        self.found.append((*(container.kind for container in stack[1:]), "end"))
        if stack[-1].kind == ITEM:
            self.items.append(stack[-1])

    def take_definitions(self, text: str) -> str:
        return self.references.take(text)[0]


def parsed(text: str) -> Recorder:
    recorder = Recorder()
    blocks = BlockParser(recorder)
    for line in text.removesuffix("\n").split("\n"):
        blocks.feed(line)
    blocks.close()
    return recorder


def _squeezed(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()


def expected(text: str) -> list[Found]:
    """The same from markdown-it."""
    parser = MarkdownIt("commonmark", {"maxNesting": 1000, "html": True, "tasklists": True}).enable("table")
    tokens: list[Token] = []
    parser.block.parse(text, parser, {"references": {}}, tokens)
    found: list[Found] = []
    path: list[str] = []
    kind, rows = PARAGRAPH, [[""]]
    for token in tokens:
        name = _CONTAINERS.get(token.type.rpartition("_")[0])
        if name is not None and token.nesting == 1:
            path.append(name)
        elif name is not None:
            found.append((*path, "end"))
            path.pop()
        elif token.type in ("paragraph_open", "heading_open"):
            kind = PARAGRAPH if token.tag == "p" else f"{HEAD}{token.tag[1]}"
        elif token.type == "table_open":
            kind, rows = TABLE, []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and kind == TABLE:
            rows[-1].append(token.content)
        elif token.type == "inline":
            found.append((*path, kind, _squeezed(token.content)))
        elif token.type == "table_close":
            found.append((*path, TABLE, "\n".join(" | ".join(map(_squeezed, row)) for row in rows)))
        elif token.type == "hr":
            found.append((*path, BREAK, ""))
        elif token.type in _VERBATIM:
            found.append((*path, _VERBATIM[token.type], token.content.removesuffix("\n")))
    return found


OURS = ("   > a\n    > b\n",)
"""Where markdown-it differs from the specification: a line indented by four cannot begin a quote."""


@pytest.mark.parametrize("text", [text for text in EXAMPLES if text not in (*EXTENSIONS, *HOSTILE, *OURS)])
def test_an_example_has_the_structure_of_commonmark(text: str) -> None:
    assert parsed(text).found == expected(text)


FRAGMENTS = (
    *(
        "- ",
        "* ",
        "1. ",
        "10) ",
        "> ",
        "    ",
        "  ",
        "\t",
        "```",
        "~~~",
        "# ",
        "foo",
        "bar *x*",
        "---",
        "===",
        "\n",
        "\n\n",
    ),
    *("| a | b |\n|---|---|\n", "| c |\n", "<div>", "</div>", "<!-- x", "-->", "***", "-", "1.", "#", "\n", "x\n"),
)


@pytest.mark.parametrize("seed", range(400))
def test_any_mixture_has_the_structure_of_commonmark(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choice(FRAGMENTS) for _ in range(chance.randint(1, 14))).rstrip(" \t") + "\nend\n"
    assert parsed(text).found == expected(text)


def test_a_fork_leaves_the_original_as_it_was() -> None:
    recorder, other = Recorder(), Recorder()
    blocks = BlockParser(recorder)
    lines = REPLY.split("\n")
    for number, line in enumerate(lines):
        if number % 7 == 0:
            fork = blocks.fork(other)
            fork.feed("# something else")
            fork.feed("- [ ] entirely")
            fork.close()
            blocks.unfork()
        blocks.feed(line)
    blocks.close()
    assert recorder.found == parsed(REPLY).found


def test_a_fork_is_lent_the_lines_of_a_long_fence_and_gives_them_back() -> None:
    recorder = Recorder()
    blocks = BlockParser(recorder)
    for line in ("```py", "one", "\ttwo"):
        blocks.feed(line)
    assert blocks.leaf is not None
    before, lines = dict(blocks.leaf.raw), blocks.leaf.lines
    fork = blocks.fork(Recorder())
    fork.feed("\tthree", "three as it was")
    assert fork.leaf is not None and fork.leaf.lines is lines
    assert blocks.unfork() == ["\tthree"]
    assert (blocks.leaf.lines, blocks.leaf.raw) == (lines, before)
    assert lines == ["one", "\ttwo"]


def test_a_task_loses_its_box_to_the_item() -> None:
    recorder = parsed("- [ ] a\n- [x] b\n- [X] c\n- [y] d\n- [ ]\n")
    assert [item.task for item in recorder.items] == [" ", "x", "x", "", ""]
    assert [leaf.lines for leaf in recorder.leaves] == [["a"], ["b"], ["c"], ["[y] d"], ["[ ]"]]


def test_displayed_mathematics_are_a_block_of_their_own() -> None:
    recorder = parsed("a\n$$\nx\n= y\n$$\nb\n\n\\[\n- c\n\nd\n\n$$x$$ in text\n")
    assert [(leaf.kind, leaf.lines) for leaf in recorder.leaves] == [
        (PARAGRAPH, ["a"]),
        (DISPLAY, ["$$", "x", "= y", "$$"]),
        (PARAGRAPH, ["b"]),
        (DISPLAY, ["\\[", "- c"]),
        (PARAGRAPH, ["d"]),
        (PARAGRAPH, ["$$x$$ in text"]),
    ]


def test_a_footnote_holds_what_is_indented_below_it() -> None:
    recorder = parsed("[^a]: one\n    two\n\n    three\n[^b]: four\n\nfive\n")
    assert recorder.found == [
        (NOTED, PARAGRAPH, "one\ntwo"),
        (NOTED, PARAGRAPH, "three"),
        (NOTED, "end"),
        (NOTED, PARAGRAPH, "four"),
        (NOTED, "end"),
        (PARAGRAPH, "five"),
    ]


def test_markers_beyond_the_deepest_nesting_are_text() -> None:
    (leaf,) = parsed(">" * 500 + " a\n").leaves
    assert leaf.lines[0].startswith(">>>") and leaf.lines[0].endswith("> a")


def test_a_paragraph_that_is_too_long_goes_on_in_another() -> None:
    recorder = parsed("words of a line\n" * 1000)
    assert all(leaf.kind == PARAGRAPH and sum(map(len, leaf.lines)) <= LONGEST for leaf in recorder.leaves)
    assert [leaf.continues for leaf in recorder.leaves] == [False] + [True] * (len(recorder.leaves) - 1)
    assert sum(len(leaf.lines) for leaf in recorder.leaves) == 1000


def test_an_empty_line_before_a_block_is_remembered() -> None:
    recorder = parsed("- a\n- b\n\n- c\n\n  d\n")
    assert [item.after_blank for item in recorder.items] == [False, False, True]
    assert [leaf.after_blank for leaf in recorder.leaves] == [False, False, False, True]
