"""Heights against plain sums."""

from hypothesis import given
from hypothesis import strategies as st

from tui_chat.ui.conversation_view.height_index import HeightIndex

HEIGHTS = st.lists(st.integers(0, 9), max_size=40)


@given(HEIGHTS, HEIGHTS, st.integers(0, 100), st.integers(0, 9))
def test_sums_stay_right_through_changes(first: list[int], more: list[int], cut: int, height: int) -> None:
    heights, plain = HeightIndex(first), list(first)
    for value in more:
        heights.append(value)
        plain.append(value)
    if plain:
        heights.set(cut % len(plain), height)
        plain[cut % len(plain)] = height
    heights.truncate(cut)
    del plain[cut:]
    heights.append(height)
    plain.append(height)
    assert [heights.before(index) for index in range(len(plain) + 1)] == [
        sum(plain[:index]) for index in range(len(plain) + 1)
    ]
    assert heights.total == sum(plain)


@given(HEIGHTS)
def test_every_row_is_found_in_its_turn(plain: list[int]) -> None:
    heights = HeightIndex(plain)
    rows = [(index, row) for index, height in enumerate(plain) for row in range(height)]
    assert [heights.at(row) for row in range(len(rows))] == rows


def test_a_row_outside_is_taken_for_the_nearest() -> None:
    heights = HeightIndex([2, 3])
    assert heights.at(-5) == (0, 0)
    assert heights.at(99) == (1, 2)
    assert HeightIndex().at(3) == (0, 0)
