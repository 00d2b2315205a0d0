"""`tui-chat tools`: what there is, what decides, what was allowed; and single tools in `ask`."""

import json
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.support.environment import ROOT
from tests.support.loaded_program import call_program

PROGRAM = ROOT / "tests" / "support" / "mcp_program.py"
GRANTS = [
    {"tool": "fetch_url", "subject": "docs.python.org", "fingerprint": "f", "given_at": "2026-11-29T10:00:00"},
    {"tool": "run_command", "subject": "git log", "fingerprint": "f", "given_at": "2026-11-30T10:00:00"},
]


@pytest.fixture
def configured(shell: Shell, tmp_path: Path) -> dict[str, str]:
    """The environment with a settings file that has one server, a rule and a limit."""
    settings = tmp_path / "config.toml"
    settings.write_text(
        '[tools]\nmax_same_calls = 5\n[tools.rules]\n"run_command" = "deny"\n'
        f"[mcp.box]\ncommand = [{json.dumps(sys.executable)}, {json.dumps(str(PROGRAM))}]\n"
        f'env = {{ CALLS = "{tmp_path}/calls" }}\n'
    )
    return {"TUI_CHAT_CONFIG": str(settings)}


def test_tools_rules_limits_and_permissions_are_listed(shell: Shell, configured: dict[str, str]) -> None:
    shown = shell("tools", **configured)
    assert shown.code == 0
    lines = " ".join(shown.out.split())
    for piece in ("read list, read and search", "deny run_command", "5 times", "30,000 characters", "nothing yet"):
        assert piece in lines
    assert "not approved: tui-chat mcp approve box" in lines and "sandbox:" in lines


def test_a_server_is_listed_with_the_tools_of_the_last_time_and_not_started(
    shell: Shell, configured: dict[str, str], tmp_path: Path
) -> None:
    shell("mcp", "approve", "box", "--yes", **configured)
    shell("ask", "--demo", "--mcp", "box", "hello", **configured)
    (tmp_path / "silence").touch()
    (server,) = json.loads(shell("tools", "--json", **configured).out)["mcp_servers"]
    assert server["approved"] and "box__echo" in server["names"] and server["tokens"] > 20


def test_permissions_are_taken_back_by_number(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    with sqlite3.connect(next(shell.home.rglob("conversations.db"))) as connection:
        connection.execute("INSERT INTO state VALUES ('tool_grants', ?)", (json.dumps(GRANTS),))
    assert "2  2026-11-30 run_command git log" in shell("tools").out
    assert shell("tools", "revoke", "3").code == 2
    done = shell("tools", "revoke", "2")
    assert done.code == 0 and done.out == "run_command for git log asks again.\n"
    assert [one["tool"] for one in json.loads(shell("tools", "--json").out)["always_allowed"]] == ["fetch_url"]


def test_a_single_tool_is_chosen_by_its_name(shell: Shell, configured: dict[str, str]) -> None:
    done = shell("ask", "--demo", "--jsonl", "--tool", "list_files", "tools")
    called = [line["name"] for line in done.lines if line["type"] == "tool_call"]
    assert done.code == 0 and called == ["list_files"]
    refused = shell("ask", "--demo", "--tool", "box__echo", "hello", **configured)
    assert refused.code == 2 and "tui-chat mcp approve box" in refused.err
    shell("mcp", "approve", "box", "--yes", **configured)
    assert shell("ask", "--demo", "--tool", "box__echo", "hello", **configured).code == 0
    missing = shell("ask", "--demo", "--tool", "box__nothing", "hello", **configured)
    assert missing.code == 2 and "there is no tool 'box__nothing'" in missing.err


def test_a_call_that_a_rule_denies_is_named_and_has_its_exit_code(shell: Shell, configured: dict[str, str]) -> None:
    done = shell("ask", "--demo", "--tools", "run", "tools", **configured)
    assert done.code == 6 and "A rule in the user's settings denies this: Run echo Hello" in done.err


def test_a_folder_with_mcp_json_starts_nothing_and_offers_nothing(shell: Shell, tmp_path: Path) -> None:
    marker, project = tmp_path / "started", tmp_path / "project"
    project.mkdir()
    servers = {"evil": {"command": "touch", "args": [str(marker)]}}
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    for words in (["ask", "--demo", "--tools", "read", "hello"], ["tools"], ["mcp", "list"]):
        code, out, _ = call_program(words, shell.environment(), cwd=project)
        assert code == 0 and b"evil" not in out
    assert not marker.exists()


def test_export_import_search_show_and_fork_keep_every_result_and_run_nothing(shell: Shell, tmp_path: Path) -> None:
    shell("ask", "--demo", "--tools", "run", "--allow", "run_command", "tools")
    (conversation,) = json.loads(shell("list", "--json").out)
    parts = shell.only_conversation()["turns"][1]["parts"]
    assert [part["type"] for part in parts].count("tool_result") == 1
    exported = tmp_path / "talk.json"
    exported.write_text(shell("export", conversation["id"], "-f", "json").out)
    other = Shell(tmp_path / "other")
    other.home.mkdir()
    assert other("import", str(exported)).code == 0
    assert other.only_conversation()["turns"][1]["parts"] == parts
    assert conversation["id"][:8] in shell("search", "shell").out
    assert "Hello from your shell" in shell("show", conversation["id"]).out
    forked = shell("fork", conversation["id"]).out.strip()
    shown = json.loads(shell("show", "--json", forked).out)["turns"][1]["parts"]
    kept = [[part for part in one if part["type"] != "round"] for one in (shown, parts)]
    assert kept[0] == kept[1]
