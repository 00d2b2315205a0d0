"""`prices` from the shell."""

from tests.cli.conftest import Shell


def test_a_known_price_shows_where_it_is_from(shell: Shell) -> None:
    out = shell("prices", "-m", "anthropic/claude-sonnet-5-5").out
    assert "$2.00" in out and "source: genai-prices" in out


def test_an_unknown_price_is_shown_as_unknown(shell: Shell) -> None:
    out = shell("prices", "-m", "ollama/llama3").out
    assert "unknown" in out and "$0" not in out


def test_a_price_of_ones_own_goes_before_the_list(shell: Shell) -> None:
    file = shell.home / "settings.toml"
    file.write_text('[prices."ollama/llama3"]\ninput = 0.5\noutput = 1\n')
    out = shell("--config", str(file), "prices", "-m", "ollama/llama3").out
    assert "$0.50" in out and "source: settings" in out
