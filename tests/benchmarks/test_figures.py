"""The arithmetic from runs to the table."""

import os

import pytest

from tests.benchmarks.causes import CAUSES
from tests.benchmarks.figures import (
    FIGURES,
    Figure,
    Limit,
    medians,
    missed,
    number,
    percentile,
    ratio,
    spread,
    table,
    verdict,
)
from tests.benchmarks.processes import busy_core, cpu_s


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.95) == 95
    assert percentile([7.0], 0.95) == 7


def test_the_median_stands_between_the_extremes() -> None:
    assert spread([3.0, 1.0, 2.0]) == "2.00 (1.00–3.00)"
    assert spread([2.0]) == "2.00"
    assert spread([]) == "–"
    assert medians({"bare": [3.0, 1.0, 2.0], "product": []}) == {"bare": 2.0}


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (0.01234, "0.0123"), (1.234, "1.23"), (56.78, "56.8"), (1234.5, "1,234")]
)
def test_numbers_keep_three_figures(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_ratio_needs_both_sides() -> None:
    assert ratio({"product": 3.0, "bare": 2.0}, "bare") == "1.50×"
    assert ratio({"product": 3.0}, "bare") == "–"
    assert ratio({"product": 3.0, "bare": 0.0}, "bare") == "–"


def test_a_limit_holds_in_every_way_it_is_given() -> None:
    limit = Limit(1.2, of_bare=5, of_markdown=0.25)
    assert limit.holds({"product": 1.0, "bare": 0.5, "markdown": 8.0}) is True
    assert limit.holds({"product": 1.3, "bare": 0.5, "markdown": 8.0}) is False
    assert limit.holds({"product": 1.0, "bare": 0.1, "markdown": 8.0}) is False
    assert limit.holds({"product": 1.0, "bare": 0.5, "markdown": 3.0}) is False
    assert limit.holds({"product": 1.0, "bare": 0.5}) is None
    assert limit.holds({"bare": 0.5}) is None
    assert Limit(0).holds({"product": 0.0}) is True
    assert str(limit) == "≤ 1.2, 5× bare, 0.25× MS"


def test_a_verdict_separates_must_and_aim() -> None:
    figure = Figure("latency", "ms", Limit(15), Limit(7))
    assert verdict(figure, {"product": 16.0}).startswith("MISSED")
    assert verdict(figure, {"product": 10.0}).startswith("met")
    assert verdict(figure, {"product": 6.0}).startswith("aim met")
    assert verdict(figure, {}) == "≤ 15"


def test_a_table_has_a_row_for_every_figure_with_a_value() -> None:
    name = FIGURES[0].name
    lines = table({name: {"bare": [0.5], "markdown": [20.0], "product": [5.0, 7.0, 6.0]}}).splitlines()
    assert len(lines) == 3
    assert lines[2].split("  ")[0] == name
    assert "6.00 (5.00–7.00)" in lines[2]
    assert "12.0×" in lines[2] and "0.300×" in lines[2]


def test_no_two_figures_share_a_name() -> None:
    names = [figure.name for figure in FIGURES]
    assert len(set(names)) == len(names)


def test_each_missed_bar_is_listed_with_its_cause() -> None:
    name = "key echo while streaming p95"
    (line,) = missed({name: {"product": [30.0, 12.0, 11.0]}})
    assert line == f"{name}: 12.0 ms, not ≤ 8: {CAUSES[name]}"
    assert missed({name: {"product": [7.0]}}) == []
    assert missed({name: {}}) == []


def test_every_cause_is_of_a_figure() -> None:
    assert CAUSES.keys() <= {figure.name for figure in FIGURES}


def test_a_core_is_burnt_until_the_end_of_the_block() -> None:
    with busy_core() as pid:
        before = cpu_s([pid])
        while cpu_s([pid]) < before + 0.05:
            pass
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
