"""`usage` from the shell."""

import json

import pytest

from tests.cli.conftest import Shell


@pytest.mark.slow
def test_usage_is_counted_by_day_and_printed_in_every_form(shell: Shell) -> None:
    assert "No usage recorded" in shell("usage").out
    shell("ask", "--demo", "code")
    report = json.loads(shell("usage", "--json").out)
    assert report["total"]["replies"] == 1 and report["total"]["cost_usd"] == "0.000000"
    assert shell("usage", "--csv", "--by", "model").out.splitlines()[1].startswith("demo/tour,")
    assert "total" in shell("usage", "--since", "7d").out


def test_a_moment_that_is_none_is_a_misuse(shell: Shell) -> None:
    done = shell("usage", "--since", "someday")
    assert done.code == 2 and "someday" in done.err
