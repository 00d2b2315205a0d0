"""A text in pieces is the same text, whenever it is asked for, and takes little more room than its letters."""

import sys
import tracemalloc

from hypothesis import given
from hypothesis.strategies import booleans, integers, lists, text, tuples

from tui_chat.core.text_buffer import TextBuffer


@given(text(), lists(tuples(text(min_size=1), integers(1, 1500), booleans()), max_size=8))
def test_all_that_was_added_is_there_in_its_order(start: str, added: list[tuple[str, int, bool]]) -> None:
    pieces, whole = TextBuffer(start), start
    assert pieces.text == whole and bool(pieces) == bool(whole)
    for piece, times, is_looked_at in added:
        for _ in range(times):
            pieces.add(piece)
        whole += piece * times
        assert not is_looked_at or pieces.text == whole
        assert bool(pieces)
    assert pieces.text == pieces.text == whole


def test_many_small_pieces_take_little_more_room_than_their_letters() -> None:
    pieces = TextBuffer()
    tracemalloc.start()
    for number in range(100_000):
        pieces.add(f"{number:03}"[-3:])
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 2 * 300_000 + 100 * sys.getsizeof("")
