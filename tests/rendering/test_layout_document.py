"""What is closed stays; a definition that comes late changes what waited for it, and moves the rest."""

from tui_chat.rendering.block_layout import LayoutContext
from tui_chat.rendering.block_nodes import FENCED, Leaf
from tui_chat.rendering.block_parser import BlockParser
from tui_chat.rendering.layout_document import CodeBlock, Document, Preview, source_of
from tui_chat.rendering.references import References
from tui_chat.rendering.styles import DARK


def opened(text: str, width: int = 60) -> tuple[Document, BlockParser]:
    context = LayoutContext(width, DARK, References())
    document = Document(context)
    blocks = BlockParser(document)
    for line in text.split("\n"):
        blocks.feed(line)
    return document, blocks


def shown(document: Document) -> list[str]:
    return [line.text.rstrip() for line in document.lines]


def test_an_open_block_is_not_yet_in_the_document() -> None:
    document, blocks = opened("one\n\ntwo")
    assert shown(document) == ["one"]
    blocks.close()
    assert shown(document) == ["one", "", "two"]


def test_an_open_fence_grows_line_by_line() -> None:
    document, blocks = opened("```py\nx = 1")
    assert blocks.leaf is not None
    document.grow(blocks.stack, blocks.leaf, more_waits=False)
    assert shown(document) == ["  py", "  x = 1"]
    document.changed = len(document.lines)
    blocks.feed("y = 2")
    document.grow(blocks.stack, blocks.leaf, more_waits=False)
    assert (document.changed, shown(document)) == (2, ["  py", "  x = 1", "  y = 2"])


def test_a_late_definition_lays_out_again_what_waited_and_moves_what_follows() -> None:
    document, blocks = opened(
        "[a] " + "word " * 9 + "\n\n```\ncode\n```\n\nend\n\n[a]: https://x.example/" + "p/" * 9 + "\n"
    )
    document.changed = len(document.lines)
    assert document.code_blocks == [CodeBlock(2, 3, "", "code")]
    document.resolve(blocks.leaf)
    assert document.changed == 0
    assert shown(document)[:2] == ["a (x.example/p/p/p/p/p/p/p/p/p) word word word word word", "word word word word"]
    assert document.code_blocks == [CodeBlock(3, 4, "", "code")]
    assert shown(document)[3].strip() == "code"


def test_a_table_that_grows_takes_a_late_definition() -> None:
    document, blocks = opened("> [a]: b\n\n| [c] |\n|---|\n| [c] |")
    leaf = blocks.leaf
    assert leaf is not None
    document.grow(blocks.stack, leaf, more_waits=False)
    document.take_definitions("[c]: d")
    document.resolve(leaf)
    preview = Preview(LayoutContext(60, DARK, References()))
    preview.show(blocks.stack, leaf)
    assert [line.text.rstrip() for line in preview.lines] == ["c (d)", "─────", "c (d)"]


def test_a_preview_changes_nothing() -> None:
    document, blocks = opened("- one\n- two")
    before = shown(document)
    preview = Preview(LayoutContext(60, DARK, References()))
    fork = blocks.fork(preview)
    fork.feed("  three")
    assert fork.leaf is not None
    preview.show(fork.stack, fork.leaf)
    assert [line.text for line in preview.lines] == [" • two", "   three"]
    blocks.close()
    assert (before, shown(document)) == ([" • one"], [" • one", " • two"])


def test_the_source_of_code_is_what_was_written() -> None:
    leaf = Leaf(FENCED, lines=["a␛", "b", "c"], raw={0: "a\x1b"}, joined_lines=frozenset((2,)))
    assert source_of(leaf) == "a\x1b\nbc"
