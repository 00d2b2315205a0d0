"""The generated library is what was asked for, and the same every time."""

from tests.benchmarks import generated


def test_a_library_has_as_many_conversations_and_turns_as_asked() -> None:
    made = list(generated.library(40, 500))
    assert len(made) == 40 and sum(len(one.turns) for one in made) == 500
    assert len({one.id for one in made}) == 40
    assert all(one.path[-1].id == one.head for one in made if one.turns)


def test_the_same_seed_gives_the_same_library() -> None:
    assert list(generated.library(5, 40, seed=3)) == list(generated.library(5, 40, seed=3))
    assert list(generated.library(5, 40, seed=3)) != list(generated.library(5, 40, seed=4))
