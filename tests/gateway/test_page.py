"""The built-in page, as it is served and in a real Chromium."""

import asyncio
import base64
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.gateway.conftest import API, MakeGateway
from tests.gateway.served import Served, served
from tests.gateway.webdriver import BROWSER, DRIVER, Browser, browser
from tui_chat.core.conversation import Options
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.formats.html import to_html
from tui_chat.gateway.backend import GatewayOptions
from tui_chat.storage.store import Store

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""One pixel."""
needs_chromium = [
    pytest.mark.real,
    pytest.mark.skipif(BROWSER is None or DRIVER is None, reason="chromium and chromedriver are not here"),
]


async def test_the_page_is_open_small_and_strict(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    async with httpx2.AsyncClient(base_url=gateway.url) as stranger:
        first, second = await stranger.get("/"), await stranger.get("/")
    assert first.status_code == 200 and len(first.content) < 40_000
    policy = first.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', first.text))
    assert f"script-src 'nonce-{nonce}'" in policy and nonce not in second.text
    assert gateway.token not in first.text
    assert not re.search(r"https?://|\son\w+=|eval\(", first.text)


async def test_the_page_can_be_switched_off(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(options=GatewayOptions(port=0, page=False))
    assert (await gateway.http.get("/")).status_code == 404


async def test_turns_come_as_html_that_is_safe(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((TextDelta("**bold** <script>alert(1)</script>"), Stopped("end_turn")))
    ids, _ = await gateway.started_and_ended()
    shown = (await gateway.http.get(f"{API}/{ids['conversation']}?html=1")).json()
    assert "<strong>bold</strong>" in shown["turns"][1]["html"]
    assert "<script" not in shown["turns"][1]["html"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served"), "--demo", TUI_CHAT_DEMO_PACE="0.3") as running:
        yield running


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


class TestInChromium:
    pytestmark = needs_chromium

    def test_send_stream_regenerate_edit_and_search(self, server: Served, window: Browser) -> None:
        window.open(f"{server.url}/#token={server.token}")
        window.until("document.querySelector('#model').value === 'demo/tour'")
        assert window.run("return location.href") == f"{server.url}/", "the token leaves the address"
        window.type("#prompt", "code please")
        window.click("#send")
        window.until("document.querySelectorAll('article').length === 2")
        window.until("document.querySelector('article.assistant pre code span') !== null")
        window.until("document.querySelector('#stop').hidden")
        whole = window.run("return document.querySelector('article.assistant').innerText")
        assert "def take" in whole and "take says False instead of blocking" in whole
        window.press("Regenerate")
        window.until("document.querySelector('article.assistant footer').innerText.includes('2/2')")
        window.until("document.querySelector('#stop').hidden")
        window.press("‹")
        window.until("document.querySelector('article.assistant footer').innerText.includes('1/2')")
        window.press("Edit")
        window.type("#prompt", " and a table")
        window.click("#send")
        window.until("document.querySelector('article.user footer').innerText.includes('2/2')")
        window.until("document.querySelector('#stop').hidden")
        window.type("#search", "nothing")
        window.until("document.querySelectorAll('#list li').length === 0")
        window.run("document.querySelector('#search').value = ''")
        window.type("#search", "limiter\ue007")
        window.until("document.querySelector('#list').innerText.includes('rate limiter')")
        assert window.log() == []

    def test_stop_keeps_what_arrived(self, server: Served, window: Browser) -> None:
        window.open(f"{server.url}/#token={server.token}")
        window.until("document.querySelector('#model').value === 'demo/tour'")
        window.type("#prompt", "slow")
        window.click("#send")
        window.until("document.querySelector('article.assistant .plain')?.textContent.length > 5")
        window.click("#stop")
        window.until("document.querySelector('article.assistant footer').innerText.includes('cancelled')")
        assert len(window.text("article.assistant")) > 20

    def test_a_telephones_width_shows_one_column_and_the_way_back_from_the_list(
        self, server: Served, window: Browser
    ) -> None:
        window.resize(360, 740)
        window.open(f"{server.url}/#token={server.token}")
        window.until("getComputedStyle(document.querySelector('nav')).display === 'none'")
        window.type("#prompt", "table please")
        window.click("#send")
        window.until("document.querySelector('article.assistant td') !== null")
        assert window.run("return innerWidth") == 360
        assert window.run("return document.documentElement.scrollWidth") == 360
        window.click("#menu")
        window.until("getComputedStyle(document.querySelector('nav')).display === 'flex'")
        window.until("document.querySelector('#list').innerText.includes('table please')")
        window.click("#close")
        window.until("getComputedStyle(document.querySelector('main')).display === 'flex'")
        window.resize(1200, 800)
        assert window.log() == []

    def test_files_are_attached_shown_and_taken_away(self, server: Served, window: Browser, tmp_path: Path) -> None:
        (tmp_path / "dot.png").write_bytes(base64.b64decode(PNG))
        (tmp_path / "limiter.ts").write_text("let tokens = 3")
        (tmp_path / "notes.txt").write_text("not this one")
        window.open(f"{server.url}/#token={server.token}")
        window.until("document.querySelector('#model').value === 'demo/tour'")
        for name in ("dot.png", "limiter.ts", "notes.txt"):
            window.type("#file", str(tmp_path / name))
            window.until(f"document.querySelector('#files').innerText.includes('{name}')")
        window.press("notes.txt ×")
        window.type("#prompt", "what is this?")
        window.click("#send")
        window.until("document.querySelector('article.user img')?.naturalWidth === 1")
        window.until("document.querySelector('#stop').hidden")
        assert "limiter.ts" in window.text("article.user") and "notes.txt" not in window.text("article.user")
        assert window.run("return document.querySelector('#files').hidden")
        assert window.log() == []

    @pytest.mark.parametrize("answer", ["Deny", "Stop"])
    def test_the_call_of_a_tool_is_asked_for(self, answer: str, server: Served, window: Browser) -> None:
        headers = {"authorization": f"Bearer {server.token}"}
        ids = httpx2.post(server.url + API, json={"text": "nothing"}, headers=headers).json()

        async def turn_on() -> None:
            store = await Store.open(server.folder / "conversations.db")
            await store.set_options(ids["conversation"], Options(tools=("run",)))
            await store.aclose()

        asyncio.run(turn_on())
        window.open(f"{server.url}/#token={server.token}")
        window.until("document.querySelector('#list button') !== null")
        window.click(f"#list button[data-id='{ids['conversation']}']")
        window.until("document.querySelectorAll('article').length === 2")
        window.until("document.querySelector('#stop').hidden")
        window.type("#prompt", "tools")
        window.click("#send")
        window.until("document.querySelector('.ask') !== null")
        assert "Allow once" in window.text(".ask")
        window.press(answer)
        window.until("document.querySelector('.ask') === null")
        window.until("document.querySelector('#stop').hidden")
        assert window.log() == []

    def test_a_page_of_another_origin_can_neither_read_nor_cause_anything(
        self, server: Served, window: Browser, tmp_path: Path
    ) -> None:
        (tmp_path / "index.html").write_text("<!doctype html><title>other</title>")
        handler = partial(QuietHandler, directory=str(tmp_path))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            window.open(f"http://127.0.0.1:{other.server_port}/")
            before = count(server)
            attempts = [
                f"fetch('{server.url}{API}', {{headers: {{authorization: 'Bearer {server.token}'}}}})",
                f"fetch('{server.url}{API}')",
                f"fetch('{server.url}/healthz')",
                f"fetch('{server.url}{API}', {{method: 'POST', body: '{{\"text\": \"x\"}}'}})",
                f"fetch('{server.url}{API}', {{method: 'POST', body: '{{\"text\": \"x\"}}',"
                f" headers: {{'content-type': 'application/json', authorization: 'Bearer {server.token}'}}}})",
            ]
            for attempt in attempts:
                script = f"{attempt}.then(a => a.text()).then(t => done('read ' + t), e => done('failed'))"
                assert window.run_async(script) == "failed", attempt
            script = (
                f"fetch('{server.url}{API}', {{method: 'POST', mode: 'no-cors', body: '{{\"text\": \"x\"}}'}})"
                ".then(a => a.text()).then(t => done('read:' + t), e => done('read:'))"
            )
            assert window.run_async(script) == "read:"
            assert count(server) == before
            other.shutdown()

    def test_an_exported_page_runs_and_loads_nothing(self, window: Browser, tmp_path: Path) -> None:
        from tests.formats.test_html import HOSTILE, conversation, turn
        from tui_chat.core.part import TextPart
        from tui_chat.formats.transcript import Branch

        texts = [TextPart(text) for text in HOSTILE]
        page = to_html(conversation(turn("a", None, *texts), title=HOSTILE[1]), Branch.ALL)
        (tmp_path / "page.html").write_text(page)
        window.log()
        window.open((tmp_path / "page.html").as_uri())
        loaded = window.run("return performance.getEntriesByType('resource').map(one => one.name)")
        assert loaded == []
        assert window.run("return document.scripts.length") == 0
        assert window.log() == []
        assert "alert(1)" in window.text()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def count(server: Served) -> int:
    answer = httpx2.get(server.url + API, headers={"authorization": f"Bearer {server.token}"})
    return len(answer.json()["conversations"])
