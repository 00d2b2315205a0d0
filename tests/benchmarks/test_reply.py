"""The reply is realistic in its token sizes, deterministic, and carries each mark once."""

from itertools import count, islice

from tests.benchmarks.reply import MARK, mark, text, tokens


def test_tokens_are_the_text_cut_in_pieces() -> None:
    whole = "".join(islice(text(count()), 9))
    assert whole.startswith("".join(tokens(400, count())[:400]))
    assert tokens(400, count()) == tokens(400, count())


def test_tokens_are_as_long_as_those_of_a_model_and_many_are_marks() -> None:
    made = tokens(3000, count())
    marked = [token for token in made if MARK.search(token)]
    assert 3 < len("".join(made)) / len(made) < 5
    assert 0.05 < len(marked) / len(made) < 0.2
    assert all(MARK.fullmatch(token.strip()) for token in marked)


def test_each_mark_stands_once() -> None:
    marks = MARK.findall("".join(tokens(50_000, count())))
    assert len(set(marks)) == len(marks)
    assert marks[0] == mark(0)


def test_every_reply_ends_on_a_mark_outside_of_any_fence() -> None:
    for amount in range(1, 700, 7):
        whole = "".join(tokens(amount, count()))
        assert whole.count("```") % 2 == 0
        assert MARK.fullmatch(whole[-6:])
