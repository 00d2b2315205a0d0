"""A newer price list is fetched only when asked for, kept privately, and a bad one leaves the old in use."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import genai_prices
import pytest

from tui_chat.core.error import ProtocolBroken, StorageError, Unreachable
from tui_chat.core.usage import Usage
from tui_chat.pricing import price_list_file
from tui_chat.pricing.pricing import Pricing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MILLION = Usage(1_000_000)
TIERED = {"base": 1, "tiers": [{"start": 200000, "price": 2.5}]}
GOOD: list[dict[str, Any]] = [
    {
        "id": "anthropic",
        "name": "Anthropic",
        "api_pattern": "https://api\\.anthropic\\.com",
        "extractors": [{"root": "usage", "mappings": [{"path": "n", "dest": "tokens_of_a_kind_not_yet_known"}]}],
        "models": [
            {
                "id": "claude-sonnet-5-5",
                "match": {"or": [{"equals": "claude-sonnet-5-5"}, {"starts_with": "claude-next"}]},
                "context_window": 2000000,
                "prices": [
                    {"prices": {"input_mtok": 0.3, "output_mtok": 9}},
                    {"constraint": {"start_date": "2026-11-19"}, "prices": {"input_mtok": 0.1, "output_mtok": 7}},
                ],
            }
        ],
    },
    {
        "id": "openai",
        "name": "OpenAI",
        "api_pattern": "https://api\\.openai\\.com",
        "models": [{"id": "gpt-7", "match": {"equals": "gpt-7"}, "prices": {"input_mtok": TIERED, "output_mtok": 3}}],
    },
]

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve those bytes on this machine; returns the address."""
    servers: list[ThreadingHTTPServer] = []

    def start(body: bytes, status: int = 200) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/data.json"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def usd_per_million(pricing: Pricing, model: str) -> str | None:
    cost = pricing.cost(model, MILLION, NOW)
    return None if cost is None else str(cost.total_usd.normalize())


def good() -> bytes:
    return json.dumps(GOOD).encode()


def test_without_being_asked_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.create_connection", lambda *_: pytest.fail("the network was used"))
    pricing = Pricing(cache_dir=tmp_path)
    assert usd_per_million(pricing, "anthropic/claude-sonnet-5-5") == "2"
    prices = pricing.price_list(NOW)
    assert prices.source == f"genai-prices {genai_prices.__version__}" and prices.fetched_at is None
    assert prices.models > 1000 and prices.newest_change is not None and prices.newest_change <= NOW.date()
    assert list(tmp_path.iterdir()) == []


def test_a_newer_list_is_used_at_once_and_after_the_next_start(tmp_path: Path, serve: Serve) -> None:
    pricing = Pricing(cache_dir=tmp_path / "cache")
    assert usd_per_million(pricing, "openai/gpt-7") is None
    prices = pricing.update(NOW, serve(good()))
    today = datetime.now(UTC).date().isoformat()
    assert (prices.models, prices.source) == (2, f"genai-prices list of {today}")
    assert prices.newest_change is not None and prices.newest_change.isoformat() == "2026-11-19"
    for one in (pricing, Pricing(cache_dir=tmp_path / "cache")):
        assert usd_per_million(one, "anthropic/claude-sonnet-5-5") == "0.1"
        assert usd_per_million(one, "openai/gpt-7") == "2.5"
        assert one.context_window("anthropic/claude-next-year") == 2_000_000
        assert one.price_list(NOW).fetched_at is not None


def test_the_kept_list_is_private_and_whole(tmp_path: Path, serve: Serve) -> None:
    Pricing(cache_dir=tmp_path / "cache").update(NOW, serve(good()))
    (kept,) = (tmp_path / "cache").iterdir()
    assert (kept.name, kept.stat().st_mode & 0o777) == ("prices.json", 0o600)
    assert kept.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>not found</html>",
        b"{}",
        b"[]",
        b"[1]",
        b"\xff\xfe",
        b'[{"id": "anthropic"}]',
        json.dumps(GOOD[:1]).encode(),
        json.dumps([{**GOOD[0], "models": []}, GOOD[1]]).encode(),
        json.dumps([{**GOOD[0], "models": [{"id": "x", "match": {}, "prices": {}}]}, GOOD[1]]).encode(),
        json.dumps([{**GOOD[0], "models": [{"id": "x", "match": "x", "prices": {"input_mtok": "free"}}]}]).encode(),
        good()[:-20],
        b"[" * 100_000,
    ],
)
def test_a_bad_list_leaves_the_old_in_use(tmp_path: Path, serve: Serve, body: bytes) -> None:
    pricing = Pricing(cache_dir=tmp_path)
    pricing.update(NOW, serve(good()))
    kept = (tmp_path / "prices.json").read_bytes()
    with pytest.raises(ProtocolBroken, match="no price list"):
        pricing.update(NOW, serve(body))
    assert usd_per_million(pricing, "openai/gpt-7") == "2.5"
    assert (tmp_path / "prices.json").read_bytes() == kept


def test_a_server_that_fails_or_is_not_there_leaves_the_old_in_use(tmp_path: Path, serve: Serve) -> None:
    pricing = Pricing(cache_dir=tmp_path)
    for url in (serve(good(), 500), serve(good(), 404), "http://127.0.0.1:9/data.json", "nonsense", ""):
        with pytest.raises(Unreachable, match="could not be downloaded"):
            pricing.update(NOW, url or "no://where")
    assert usd_per_million(pricing, "anthropic/claude-sonnet-5-5") == "2"
    assert list(tmp_path.iterdir()) == []


def test_an_endless_answer_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_list_file, "_MAX_DOWNLOAD_BYTES", 100)
    with pytest.raises(ProtocolBroken, match="too long"):
        Pricing().update(NOW, serve(good()))


def test_a_list_that_cannot_be_kept_is_not_used_either(tmp_path: Path, serve: Serve) -> None:
    (tmp_path / "cache").write_text("a file stands where the folder should be")
    pricing = Pricing(cache_dir=tmp_path / "cache")
    with pytest.raises(StorageError, match="could not be saved"):
        pricing.update(NOW, serve(good()))
    assert usd_per_million(pricing, "openai/gpt-7") is None


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"fetched_at": 5}', b"\x00\xff"])
def test_a_damaged_kept_list_is_passed_over(tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "prices.json").write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        assert usd_per_million(Pricing(cache_dir=tmp_path), "anthropic/claude-sonnet-5-5") == "2"
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(("is_new", "usd"), [(False, "2"), (True, "0.1")])
def test_after_an_upgrade_the_newer_of_the_two_lists_is_used(
    tmp_path: Path, serve: Serve, is_new: bool, usd: str
) -> None:
    changed = datetime.now(UTC).date().isoformat() if is_new else "2020-01-01"
    Pricing(cache_dir=tmp_path).update(NOW, serve(good().replace(b"2026-11-19", changed.encode())))
    path = tmp_path / "prices.json"
    path.write_text(path.read_text().replace(f'"library": "{genai_prices.__version__}"', '"library": "0.0.1"'))
    cost = Pricing(cache_dir=tmp_path).cost("anthropic/claude-sonnet-5-5", MILLION, datetime.now(UTC))
    assert cost is not None and str(cost.total_usd.normalize()) == usd
