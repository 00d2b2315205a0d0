"""`serve` and `token` as they are called from a shell."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.gateway.served import Served, command, environment, served
from tests.support.environment import ROOT
from tui_chat.gateway.server import _listen_tcp


def call(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *words), cwd=ROOT, env=environment(folder, **more), capture_output=True, text=True, timeout=60
    )


def request(server: Served, path: str, body: object = None, token: str | None = None) -> Any:
    headers = {"authorization": f"Bearer {token or server.token}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{server.url}{path}", data, headers), timeout=30) as answer:
        return json.load(answer)


def test_a_prompt_over_http_is_in_the_library_of_every_command(tmp_path: Path) -> None:
    with served(tmp_path, "--demo") as server:
        assert server.first_lines[1].endswith("serve.token")
        assert server.token not in "".join(server.first_lines), "a pipe may be a log"
        ids = request(server, "/api/v1/conversations", {"text": "code, please"})
        assert ids["conversation"] in call(tmp_path, "list", "--json").stdout
        status = call(tmp_path, "serve", "--status")
        assert status.returncode == 0 and server.url in status.stdout
        second = call(tmp_path, "serve", "--port", "0")
        assert second.returncode == 3 and f"process {server.process.pid}" in second.stderr
    assert call(tmp_path, "serve", "--status").returncode == 1


def test_ctrl_c_with_twenty_streams_keeps_every_reply(tmp_path: Path) -> None:
    with served(tmp_path, "--demo", TUI_CHAT_DEMO_PACE="1") as server:
        ids = [request(server, "/api/v1/conversations", {"text": "slow"}) for _ in range(5)]
        received: list[bytes] = []

        def follow(conversation: str) -> None:
            headers = {"authorization": f"Bearer {server.token}"}
            path = f"{server.url}/api/v1/conversations/{conversation}/events"
            with urlopen(Request(path, headers=headers), timeout=30) as answer:
                received.append(answer.read())

        threads = [Thread(target=follow, args=(one["conversation"],)) for one in ids for _ in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: request(server, "/api/v1/metrics")["active_streams"] == 20)
        place = f"/api/v1/conversations/{ids[0]['conversation']}"
        until(lambda: request(server, place)["turns"][1]["text"])
        started_s = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 0
        took_s = time.monotonic() - started_s
        for thread in threads:
            thread.join(10)
    assert took_s < 2.5
    assert len(received) == 20
    assert all(b"event: ended" in data and data.endswith(b"\n\n") for data in received)
    for one in ids:
        shown = json.loads(call(tmp_path, "show", "--json", one["conversation"]).stdout)
        assert shown["turns"][1]["status"] == "interrupted"


def until(is_so: Any) -> None:
    for _ in range(200):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def test_tokens_are_made_listed_and_revoked(tmp_path: Path) -> None:
    with served(tmp_path, "--demo") as server:
        token = call(tmp_path, "token", "add", "phone", "--own").stdout.strip()
        assert request(server, "/api/v1/conversations", token=token) == {"conversations": [], "next_cursor": None}
        assert call(tmp_path, "token", "list").stdout.split()[:2] == ["phone", "own"]
        assert token not in call(tmp_path, "token", "list").stdout
        again = call(tmp_path, "token", "add", "phone")
        assert again.returncode == 3 and "revoke it first" in again.stderr
        assert call(tmp_path, "token", "revoke", "phone").returncode == 0
        with pytest.raises(OSError, match="401"):
            request(server, "/api/v1/conversations", token=token)
        assert call(tmp_path, "token", "revoke", "phone").returncode == 2


def test_another_address_wants_named_tokens(tmp_path: Path) -> None:
    refused = call(tmp_path, "serve", "--demo", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 3
    assert "tui-chat token add" in refused.stderr


def test_a_token_of_the_environment_writes_no_file(tmp_path: Path) -> None:
    token = "a-token-of-the-environment"
    with served(tmp_path, "--demo", TUI_CHAT_TOKEN=token) as server:
        assert request(server, "/api/v1/models", token=token)["default"] == "demo/tour"
        assert not (server.folder / "serve.token").exists()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with served(tmp_path, "--demo") as server:
        port = server.url.rpartition(":")[2]
        taken = call(tmp_path / "other", "serve", "--demo", "--port", port)
    assert taken.returncode == 3 and f"port {port}" in taken.stderr


def test_without_the_extra_it_reports_what_to_install(tmp_path: Path) -> None:
    hide = "import sys; sys.modules['starlette'] = None; from tui_chat.cli.main import main"
    code = f"{hide}; sys.argv = ['tui-chat', 'serve', '--demo']; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 3
    assert "the extra `serve`" in done.stderr


def test_answers_are_not_held_back_by_nagles_algorithm() -> None:
    with _listen_tcp("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
