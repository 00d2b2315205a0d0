"""`list`: past conversations, and the options before and after a command."""

import json

import pytest

from tests.cli.conftest import Shell


def test_an_empty_library_is_an_empty_list(shell: Shell) -> None:
    assert json.loads(shell("list", "--json").out) == []
    assert shell("list").out == ""


@pytest.mark.slow
def test_list_json_has_the_fields_of_programs_most_recent_first(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    shell("ask", "--demo", "table")
    listed = json.loads(shell("list", "--json").out)
    assert [one["title"] for one in listed] == ["table", "code"]
    assert set(listed[0]) == {"id", "title", "model", "turns", "updated_at", "cost_usd"}
    assert (listed[0]["model"], listed[0]["turns"]) == ("demo/tour", 2)
    assert json.loads(shell("list", "--json", "--limit", "1").out) == listed[:1]


def test_options_may_stand_before_or_after_the_command(shell: Shell) -> None:
    folder = str(shell.home / "elsewhere")
    shell("--data-dir", folder, "ask", "--demo", "code")
    assert len(json.loads(shell("list", "--json", "--data-dir", folder).out)) == 1
    assert json.loads(shell("list", "--json").out) == []


def test_the_environment_names_the_folder_too(shell: Shell) -> None:
    folder = str(shell.home / "elsewhere")
    shell("ask", "--demo", "code", TUI_CHAT_DATA_DIR=folder)
    assert len(json.loads(shell("list", "--json", "--data-dir", folder).out)) == 1


@pytest.mark.slow
def test_a_number_too_large_for_anything_asks_for_all_there_is(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    assert len(json.loads(shell("list", "--json", "--limit", "9" * 30).out)) == 1
    assert shell("search", "code", "--limit", "9" * 30).code == 0


@pytest.mark.slow
def test_list_reports_that_there_are_more_and_lists_all_on_request(shell: Shell) -> None:
    for _ in range(3):
        shell("ask", "--demo", "code")
    done = shell("list", "--limit", "2")
    assert len(done.out.splitlines()) == 2 and "--limit 0 lists all" in done.err
    done = shell("list", "--limit", "0")
    assert len(done.out.splitlines()) == 3 and not done.err
