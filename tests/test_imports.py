"""What each command loads, seen in a fresh interpreter: starting is quick because most modules are not loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import ROOT, clean_environment

HEAVY = ("textual.app", "anthropic", "httpx2", "genai_prices")


def loaded_by(code: str, home: Path) -> set[str]:
    """The modules that are loaded after `code` has run in an interpreter of its own."""
    ending = "\nimport sys, json\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code + ending],
        cwd=ROOT,
        env=clean_environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def called(*words: str) -> str:
    """Code that runs the program with these words and comes back."""
    run = "from tui_chat.cli.main import main\ntry:\n    main()\nexcept SystemExit:\n    pass"
    return f"import sys\nsys.argv = ['tui-chat', *{words!r}]\n{run}"


@pytest.mark.parametrize("words", [("--version",), ("list",), ("list", "--json"), ("--help",)], ids=" ".join)
def test_a_quick_command_loads_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    loaded = loaded_by(called(*words), tmp_path)
    assert "tui_chat.cli.main" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_help_imports_no_command(tmp_path: Path) -> None:
    loaded = loaded_by(called("--help"), tmp_path)
    assert not {name for name in loaded if name.startswith("tui_chat.cli.commands.")}


def test_a_list_loads_neither_a_loop_nor_what_checks_mends_or_lays_out(tmp_path: Path) -> None:
    loaded = loaded_by(called("list"), tmp_path)
    assert "tui_chat.storage.database" in loaded
    assert loaded.isdisjoint({"asyncio", "pydantic", "rich", "logging.handlers", "tui_chat.core.event"})
    assert loaded.isdisjoint({"tui_chat.storage.maintenance", "tui_chat.storage.recovery.recover_rows"})


def test_showing_a_conversation_loads_no_app_and_no_provider(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path)
    ask = [sys.executable, "-m", "tui_chat", "ask", "--demo", "code"]
    subprocess.run(ask, cwd=ROOT, env=environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    listed = subprocess.run(
        [sys.executable, "-m", "tui_chat", "list", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
    )
    (only,) = json.loads(listed.stdout)
    loaded = loaded_by(called("show", only["id"]), tmp_path)
    assert loaded.isdisjoint({"textual.app", "anthropic", "httpx2"})


def test_the_service_loads_no_screen_no_provider_and_no_command_line(tmp_path: Path) -> None:
    loaded = loaded_by("import tui_chat.service.chat", tmp_path)
    assert loaded.isdisjoint({"textual", "anthropic", "typer", "httpx2", "genai_prices"})


def test_the_app_is_loaded_without_any_provider(tmp_path: Path) -> None:
    loaded = loaded_by("import tui_chat.ui.app", tmp_path)
    assert loaded.isdisjoint({"anthropic", "httpx2", "genai_prices"})


def test_the_app_is_loaded_without_what_its_first_screen_does_not_show(tmp_path: Path) -> None:
    loaded = loaded_by("import tui_chat.ui.app, tui_chat.cli.launch", tmp_path)
    assert loaded.isdisjoint({"typer", "pydantic", "markdown_it", "pygments.lexer", "tui_chat.service.import_export"})


@pytest.mark.parametrize(
    "code", [called("--version"), called("list"), "import tui_chat.ui.app, tui_chat.cli.launch"], ids=range(3)
)
def test_the_gateway_is_loaded_by_nothing_else(code: str, tmp_path: Path) -> None:
    loaded = loaded_by(code, tmp_path)
    assert loaded.isdisjoint({"starlette", "uvicorn", "wsproto", "tui_chat.gateway"})


@pytest.mark.parametrize(
    "code",
    [called("list"), "import tui_chat.ui.app, tui_chat.cli.launch, tui_chat.ui.chat.screen, tui_chat.wiring"],
    ids=range(2),
)
def test_sync_is_loaded_by_nothing_else(code: str, tmp_path: Path) -> None:
    loaded = loaded_by(code, tmp_path)
    assert loaded.isdisjoint({"psycopg", "nacl", "tui_chat.sync", "tui_chat.storage.replica_store"})
    assert loaded.isdisjoint({"tui_chat.core.replica", "tui_chat.storage.sync_state"})


def test_what_is_loaded_ahead_is_there(tmp_path: Path) -> None:
    loaded = loaded_by("from tui_chat.ui.startup.preload import load_ahead\nload_ahead()", tmp_path)
    assert {"markdown_it", "tui_chat.ui.library.screen"} <= loaded


def test_the_lexers_of_common_languages_are_loaded_ahead(tmp_path: Path) -> None:
    loaded = loaded_by("from tui_chat.ui.startup.preload import load_lexers\nload_lexers()", tmp_path)
    assert {"pygments.lexers.python", "pygments.lexers.rust", "pygments.lexers.sql"} <= loaded


def test_the_first_screen_loads_nothing_of_turns_and_budgets(tmp_path: Path) -> None:
    code = "import tui_chat.ui.app, tui_chat.ui.startup.screen, tui_chat.cli.launch\n"
    code += "from tui_chat.settings.load import load_settings\nload_settings()"
    loaded = loaded_by(code, tmp_path)
    assert loaded.isdisjoint({f"tui_chat.core.{name}" for name in ("part", "turn", "tool", "usage", "budget")})
    assert loaded.isdisjoint({"textual.widgets._text_area", "tui_chat.ui.messages", "tui_chat.ui.app_context"})


FIRST_REQUEST = """
import asyncio, sys
from tests.providers.anthropic.encoder import MODEL, encode, provider
from tests.providers.contract import SCRIPTS, collected, request
from tests.support.wire_server import Answer, Wire

async def ask():
    async with Wire(Answer((encode(SCRIPTS["text"]),))) as server:
        made = await asyncio.to_thread(provider, server.url)
        before = set(sys.modules)
        events, error = await collected(made, request(model=MODEL))
        assert events and error is None
        print(*sorted(set(sys.modules) - before))
        await made.aclose()

asyncio.run(ask())
"""


def test_a_request_loads_nothing_on_the_event_loop(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_REQUEST],
        cwd=ROOT,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("\n", "")
