"""The algebra of sync, apart from any storage: whatever order records arrive in, the same values win."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.replica import (
    Stamp,
    ends,
    join_purges,
    not_purged,
    purged_names,
    rescued_id,
    unseen,
    wins,
)

stamps = st.builds(Stamp, st.integers(0, 2), st.integers(0, 3), st.binary(min_size=8, max_size=8))
ids = st.sampled_from("abcdefgh")
trees = st.lists(st.tuples(ids, st.none() | ids), max_size=8).map(
    lambda pairs: {turn: parent if parent is not None and parent < turn else None for turn, parent in pairs}
)


@given(st.lists(stamps, min_size=1, max_size=4, unique=True))
def test_the_same_stamp_wins_in_whatever_order_and_however_often_records_arrive(arriving: list[Stamp]) -> None:
    for order in permutations(arriving):
        held: Stamp | None = None
        for incoming in (*order, *order):
            if wins(incoming, held):
                held = incoming
        assert held == max(arriving)


@given(stamps, stamps)
def test_of_two_different_stamps_exactly_one_wins_and_of_equal_ones_that_of_the_hub(one: Stamp, other: Stamp) -> None:
    assert wins(one, other) != wins(other, one) or one == other
    assert wins(one, one) and wins(one, None)


@given(trees, st.sets(ids))
def test_unseen_turns_are_those_without_an_end_below_them(parents: dict[str, str | None], seen: set[str]) -> None:
    below = {turn: {turn} for turn in parents}
    for turn in sorted(parents, reverse=True):
        parent = parents[turn]
        if parent in parents and parent is not None:
            below[parent] |= below[turn]
    assert unseen(parents, seen) == {turn for turn, under in below.items() if not under & seen}


@given(trees, st.sets(ids), st.sets(ids))
def test_more_ends_leave_fewer_turns_unseen(parents: dict[str, str | None], one: set[str], other: set[str]) -> None:
    assert unseen(parents, one | other) <= unseen(parents, one)


@given(trees, st.dictionaries(st.sampled_from("xyz"), st.none() | ids))
def test_the_ends_of_a_tree_leave_nothing_unseen_also_when_a_live_reply_has_ended(
    parents: dict[str, str | None], live: dict[str, str | None]
) -> None:
    live = {turn: parent for turn, parent in live.items() if parent is None or parent in parents}
    seen = ends(parents, live)
    assert not unseen(parents, seen)
    assert not unseen(parents | live, seen)
    assert unseen(parents | {"new": next(iter(sorted(parents)), None)}, seen) == {"new"}


@given(st.sets(st.text(max_size=5)), st.sets(st.text(max_size=5)), st.sets(st.text(max_size=5)))
def test_a_purge_names_exactly_the_turns_its_maker_had(had: set[str], also: set[str], here: set[str]) -> None:
    assert not_purged(here, purged_names(had)) == here - had
    joined = join_purges(purged_names(had), purged_names(also))
    assert joined == join_purges(purged_names(also), purged_names(had)) == purged_names(had | also)


def test_every_machine_rescues_to_the_same_id_which_was_never_purged() -> None:
    first = rescued_id("c1")
    second = rescued_id("c1", {first})
    assert first == rescued_id("c1", {"c1", "c2"}) and second == rescued_id(first) and len({"c1", first, second}) == 3
