"""When a word counts as seen."""

from tests.benchmarks.emulator import Screen
from tests.benchmarks.replay import gone, replay


def test_a_word_is_seen_once_its_synchronised_update_closes() -> None:
    seen = replay([(1, b"\x1b[?2026h zqaaaa"), (2, b" zqaaab"), (3, b"\x1b[?2026l\x1b[?2026h zqaaac")], 40, 3)
    assert seen.words == {"zqaaaa": 3, "zqaaab": 3}
    assert seen.painted == 3


def test_a_word_is_seen_once_it_is_whole_wherever_it_is_cut() -> None:
    seen = replay([(1, b"\x1b[1mzq\x1b[0maa"), (2, b"aa")], 4, 3)
    assert seen.words == {"zqaaaa": 2}
    assert seen.painted == 1


def test_a_word_seen_again_keeps_its_first_time() -> None:
    assert replay([(1, b"zqaaaa"), (2, b"\x1b[2J"), (3, b"\x1b[Hzqaaaa")], 40, 3).words == {"zqaaaa": 1}


def test_a_key_swallowed_by_the_next_frame_is_seen_with_it() -> None:
    seen = replay([(1, b"zka"), (2, b"bc")], 40, 3)
    assert (seen.typed("zka"), seen.typed("zkab"), seen.typed("zkabcd")) == (1, 2, None)


def test_what_is_new_on_a_page_is_distinguished_from_what_stood_there() -> None:
    seen = replay([(1, b"zqaaaa"), (5, b"\x1b[Hzqaaaa zqbbbb")], 40, 3)
    assert seen.first_new(2) == 5
    assert seen.first_new(6) is None


def test_words_are_gone_once_a_frame_without_them_is_shown() -> None:
    chunks = [(1, b"retry in 8s"), (4, b"\x1b[?2026h\x1b[2J"), (5, b"\x1b[Hretry in 7s\x1b[?2026l"), (7, b"\x1b[2J")]
    assert gone(chunks, "retry in", 2, Screen(40, 3)) == 7
    assert gone(chunks[:3], "retry in", 2, Screen(40, 3)) is None
