"""Numbers in the settings that no setting can take: named with their bound, never a crash and never a hang."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attacks import attack
from tui_chat.core.bounds import dollars_in_bounds
from tui_chat.settings.load import load_settings

NUMBERS = (
    "inf", "-inf", "nan", "1e400", "1e999999999", "1e99999999999999999999999", "1" + "0" * 400, "1" + "0" * 5000,
    "-5", "1e10", "0." + "3" * 4000, "1_000_000_000_000",
)  # fmt: skip
PLACES = (
    ("chat", "retries"),
    ("chat", "trash_days"),
    ("chat", "silence_limit_s"),
    ("ui", "escape_delay_ms"),
    ("providers.x", "timeout_s"),
    ("profiles.x", "max_tokens"),
    ('prices."x/y"', "input"),
)


def loaded(tmp_path: Path, table: str, name: str, number: str) -> list[str]:
    file = tmp_path / "config.toml"
    file.write_text(f"[{table}]\n{name} = {number}\n")
    settings = load_settings(environ={}, file=file)
    return [str(problem) for problem in settings.problems]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:12])
@pytest.mark.parametrize(("table", "name"), PLACES)
def test_a_number_out_of_bounds_is_a_problem_with_its_line(
    tmp_path: Path, table: str, name: str, number: str
) -> None:
    problems = loaded(tmp_path, table, name, number)
    assert any("config.toml:2: " in problem for problem in problems), problems


def test_trash_days_of_a_million_are_refused_with_the_bound(tmp_path: Path) -> None:
    assert any("it wants 100,000 or less" in problem for problem in loaded(tmp_path, "chat", "trash_days", "1000000"))


@given(st.integers().map(str) | st.floats().map(repr) | st.decimals(allow_nan=False, allow_infinity=False).map(str))
@attack
def test_any_price_in_the_settings_is_in_bounds_or_refused(tmp_path: Path, number: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[prices."x/y"]\ninput = {number}\noutput = {number}\n')
    for own in load_settings(environ={}, file=file).prices.values():
        assert own.price is not None and own.price.is_in_bounds
        assert own.input is not None and dollars_in_bounds(own.input) == own.input
