"""The labels around a message: its sources."""

from dataclasses import replace

from tests.ui.conversation_view.layouts import layout_options
from tests.ui.turns import reply
from tui_chat.core.part import TextPart
from tui_chat.core.sources import source_part
from tui_chat.ui.conversation_view import turn_labels
from tui_chat.ui.conversation_view.links import targets
from tui_chat.ui.conversation_view.turn_labels import TurnHeader
from tui_chat.ui.conversation_view.turn_layout import TurnLayout


def test_sources_are_numbered_below_the_reply_and_their_titles_are_links() -> None:
    sources = ("One — https://a.example/1", "https://b.example/2", "notes.txt")
    turn = replace(reply(1, "Said."), parts=(TextPart("Said."), *map(source_part, sources)))
    layout = TurnLayout(turn, TurnHeader("", None, turn_labels.ALONE))
    layout.layout(layout_options(80))
    lines = [layout.line(row) for row in range(layout.rows)]
    shown = [line for line in lines if line.text.startswith("[")]
    assert [line.text for line in shown] == ["[1] One  a.example", "[2] https://b.example/2", "[3] notes.txt"]
    assert [target.url for line in shown for target in targets(line) if target.url] == [
        "https://a.example/1",
        "https://b.example/2",
    ]
