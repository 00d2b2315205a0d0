"""The state below a reply that failed: whole, in every window, and distinct from the provider's own message."""

from dataclasses import replace

import pytest

from tests.ui.conversation_view.layouts import layout_options
from tests.ui.turns import reply
from tui_chat.core.error import Fault
from tui_chat.core.part import TextPart
from tui_chat.core.sources import source_part
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.rendering.styles import DARK
from tui_chat.ui.conversation_view import turn_labels
from tui_chat.ui.conversation_view.links import targets
from tui_chat.ui.conversation_view.turn_labels import TurnHeader
from tui_chat.ui.conversation_view.turn_layout import TurnLayout

STEP = "Set it again, choose another model (F3), or see `tui-chat doctor`."


def failed(message: str, request_id: str | None = None) -> Turn:
    fault = Fault("key_rejected", message, request_id)
    return replace(reply(1, ""), status=TurnStatus.FAILED, fault=fault)


def rows(turn: Turn, width: int, note: tuple[str, str] | None = None) -> list[str]:
    seen = replace(layout_options(width), describe=lambda _: ("The provider rejected the API key.", STEP))
    return [line.strip.text.rstrip() for line in turn_labels.state(turn, note, seen).lines]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_nothing_of_the_next_step_is_cut_off(width: int) -> None:
    told = rows(failed("invalid bearer token", "req_1"), width)
    assert all(len(row) <= width for row in told)
    assert " ".join(told).endswith(STEP) and "…" not in "".join(told)


def test_what_the_provider_says_stands_between_and_keeps_short() -> None:
    told = rows(failed("invalid bearer token", "req_1"), 80)
    assert told[1:] == ["invalid bearer token · request req_1", STEP]
    assert len(rows(failed("word " * 500), 80)) == 5
    assert "\x1b" not in "".join(rows(failed("\x1b[31mred"), 80))


def test_what_fits_into_one_row_takes_one() -> None:
    assert len(rows(failed(""), 200)) == 1
    assert len(rows(replace(reply(1, "half"), status=TurnStatus.CANCELLED), 200)) == 1


def test_a_pause_is_reported_in_the_colour_of_waiting() -> None:
    live = replace(reply(1, ""), status=TurnStatus.STREAMING)
    (line,) = turn_labels.state(
        live, ("Rate limited by the provider.", "Attempt 2 follows."), layout_options(80)
    ).lines
    assert next(iter(line.strip)).style == DARK.warning


def test_what_the_provider_says_in_the_same_words_is_shown_once() -> None:
    assert rows(failed("the provider rejected the API key"), 80)[0] == "The provider rejected the API key."
    assert len(rows(failed("the provider rejected the API key"), 200)) == 1


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
