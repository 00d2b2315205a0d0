"""The budget on the command line: exit code 7, the flag that lifts it, and the report."""

from tests.cli.conftest import Shell


def write(shell: Shell, text: str) -> None:
    file = shell.home / ".config" / "tui-chat" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_ask_over_the_budget_sends_nothing_and_exits_with_7(shell: Shell) -> None:
    write(shell, '[budget]\nrequest = "3 tokens"\n')
    done = shell("ask", "--demo", "What does this long prompt cost?")
    assert done.code == 7 and done.out == ""
    assert "of 3 tokens in this request" in done.err and "[budget]" in done.err
    assert "What does" not in shell("list").out
    assert shell("ask", "--demo", "--over-budget", "hello there").code == 0


def test_usage_shows_what_is_left_of_the_day_and_a_warning_is_a_notice(shell: Shell) -> None:
    write(shell, '[budget]\nday = "1M tokens"\nwarn_day = "3 tokens"\n')
    done = shell("ask", "--demo", "hello there")
    assert done.code == 0 and "over the budget's warning" in done.err
    assert "of 1.00M tokens today" in shell("usage").out


def test_an_unreadable_limit_is_reported_with_its_line(shell: Shell) -> None:
    write(shell, '[budget]\n\nday = "five euros"\n')
    done = shell("config", "show")
    assert "config.toml:3" in done.err and "dollars or tokens" in done.err
