"""`tui-chat mcp`: nothing starts before you agreed to exactly that command."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.support.environment import ROOT

PROGRAM = ROOT / "tests" / "support" / "mcp_program.py"


@pytest.fixture
def configured(shell: Shell, tmp_path: Path) -> dict[str, str]:
    """The environment with a settings file that has one server."""
    settings = tmp_path / "config.toml"
    settings.write_text(
        f"[mcp.box]\ncommand = [{json.dumps(sys.executable)}, {json.dumps(str(PROGRAM))}]\n"
        f'env = {{ CALLS = "{tmp_path}/calls" }}\n'
    )
    return {"TUI_CHAT_CONFIG": str(settings)}


@pytest.mark.slow
def test_a_server_is_used_only_after_consent(shell: Shell, configured: dict[str, str]) -> None:
    assert "not approved" in shell("mcp", "list", **configured).out
    refused = shell("ask", "--demo", "--mcp", "box", "hello", **configured)
    assert refused.code == 2 and "tui-chat mcp approve box" in refused.err
    refused = shell("mcp", "approve", "box", stdin="n\n", **configured)
    assert refused.code == 1 and str(PROGRAM) in refused.out and "with CALLS" in refused.out
    agreed = shell("mcp", "approve", "box", "--yes", **configured)
    assert agreed.code == 0 and "box__echo  Say it again." in agreed.out
    assert shell("mcp", "list", **configured).out.startswith("box  approved")
    assert shell("ask", "--demo", "--mcp", "box", "hello", **configured).code == 0
    assert shell("mcp", "forget", "box", **configured).code == 0
    assert "not approved" in shell("mcp", "list", **configured).out


def test_servers_of_another_program_are_imported_and_not_started(
    shell: Shell, configured: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / ".mcp.json"
    marker = tmp_path / "started"
    entry = {"command": "touch", "args": [str(marker)], "env": {"A": "b"}}
    file.write_text(json.dumps({"mcpServers": {"evil": entry, "box": entry}}))
    done = shell("mcp", "import", str(file), **configured)
    assert done.code == 0 and "tui-chat mcp approve evil" in done.out
    assert "box is left out" in done.err and not marker.exists()
    assert f"evil  not approved  touch {marker} with A" in shell("mcp", "list", **configured).out


def test_a_file_without_servers_is_refused(shell: Shell, configured: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    done = shell("mcp", "import", str(tmp_path / "x.json"), **configured)
    assert done.code == 2 and "mcpServers" in done.err
