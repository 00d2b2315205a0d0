"""`list`, `show`, `delete`, `restore`, `rename`, `search`, `fork`: the library from the shell."""

import json
from pathlib import Path

from tests.cli.conftest import Shell
from tests.storage.make import conversation, prompt, reply
from tui_chat.formats.native import dumps


def test_an_empty_library_is_an_empty_list(shell: Shell) -> None:
    assert json.loads(shell("list", "--json").out) == []
    assert shell("list").out == ""


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


def test_show_prints_the_branch_and_json_the_whole(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    found = shell.only_conversation()
    text = shell("show", found["id"][:8]).out
    assert "rate limiter" in text and "code" in text
    assert found["format"] == "tui-chat" and len(found["turns"]) == 2


def test_an_unknown_id_is_a_misuse_with_a_sentence(shell: Shell) -> None:
    done = shell("show", "nothing")
    assert done.code == 2 and "tui-chat: Conversation not found." in done.err


def test_a_deleted_conversation_can_be_restored(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    conversation_id = shell.only_conversation()["id"]
    assert "tui-chat restore" in shell("delete", conversation_id[:8]).out
    assert json.loads(shell("list", "--json").out) == []
    assert "code" in shell("restore").out
    assert shell("restore", conversation_id[:8]).code == 0
    assert len(json.loads(shell("list", "--json").out)) == 1


def test_a_new_title_stays(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    shell("rename", shell.only_conversation()["id"], "My \x1b[2Jtitle")
    shell("ask", "--demo", "-c", "table")
    assert shell.only_conversation()["title"] == "My \x1b[2Jtitle"
    assert "\x1b" not in shell("list").out


def test_a_search_finds_the_turn_and_lights_the_word(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    (hit,) = json.loads(shell("search", "monotonic role:assistant", "--json").out)
    start, end = hit["marks"][0]
    assert hit["snippet"][start:end].lower() == "monotonic"
    assert "monotonic" in shell("search", "monotonic").out
    assert shell("search", '"unclosed ( AND').code == 0


def test_a_fork_is_a_conversation_of_its_own(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    source = shell.only_conversation()
    forked_id = shell("fork", source["id"]).out.strip()
    forked = json.loads(shell("show", "--json", forked_id).out)
    assert forked["origin"]["conversation_id"] == source["id"] and len(forked["turns"]) == 2


def test_show_prints_all_branches_with_branch_all(shell: Shell, tmp_path: Path) -> None:
    first, second = reply("r1", "p", "the first answer"), reply("r2", "p", "the second answer")
    file = tmp_path / "branches.json"
    file.write_text(dumps(conversation("c1", prompt("p"), first, second)))
    shell("import", str(file))
    current, everything = shell("show", "c1").out, shell("show", "c1", "--branch", "all").out
    assert "the second answer" in current and "the first answer" not in current
    assert "2. Assistant, 1 of 2 (" in everything and "the first answer" in everything
    assert "3. Assistant, 2 of 2, after 1, shown (" in everything
    assert shell("show", "c1", "--plain", "--branch", "all").out == everything
    wrong = shell("show", "c1", "--branch", "al")
    assert wrong.code == 2 and "did you mean all?" in wrong.err


def test_a_number_too_large_for_anything_asks_for_all_there_is(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    assert len(json.loads(shell("list", "--json", "--limit", "9" * 30).out)) == 1
    assert shell("search", "code", "--limit", "9" * 30).code == 0


def test_an_empty_title_is_refused_and_blanks_around_one_go(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    only = shell.only_conversation()["id"]
    assert shell("rename", only, "  ").code == 2
    shell("rename", only, "  Mine ")
    assert shell.only_conversation()["title"] == "Mine"


def test_restore_reports_a_conversation_that_was_not_in_the_trash(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    only = shell.only_conversation()["id"]
    assert "was not in the trash" in shell("restore", only).out
    shell("delete", only)
    assert "is restored" in shell("restore", only).out


def test_an_unknown_turn_is_not_called_an_unknown_conversation(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    done = shell("fork", shell.only_conversation()["id"], "--turn", "zz")
    assert done.code == 2 and "has no such turn" in done.err


def test_a_copy_never_takes_the_place_of_a_file(shell: Shell, tmp_path: Path) -> None:
    shell("ask", "--demo", "code")
    assert shell("backup", str(tmp_path / "copy.db")).code == 0
    for target in (tmp_path / "copy.db", tmp_path / "nowhere" / "copy.db"):
        done = shell("backup", str(target))
        assert done.code == 2 and "The file cannot be written." in done.err
