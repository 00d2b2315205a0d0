"""The server of llama-cpp-python with a tiny model of random numbers: a whole conversation.

Its greedy replies are always the same, so its text without streaming shows what every stream must come to.
"""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.attachments.samples import image
from tests.providers.contract import collected, last_usage, request, stops, text_of
from tests.providers.real import environment_with, free_port, running
from tests.providers.tiny_model import write_tiny_model
from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.error import RequestRefused
from tui_chat.core.event import TextDelta
from tui_chat.core.part import AttachmentPart
from tui_chat.core.provider import Model
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.registry import ProviderRegistry
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies
from tui_chat.service.reply import Reply
from tui_chat.storage.store import Store

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]

SHORT, LONG = 60, 1200
REQUIREMENT = "llama-cpp-python[server]==0.2.90"
"""It is built from source everywhere; later ones take three times as long and serve the same."""
QUICK_BUILD = {
    "CMAKE_ARGS": "-DLLAVA_BUILD=OFF -DGGML_NATIVE=OFF -DGGML_LLAMAFILE=OFF -DGGML_OPENMP=OFF "
    "-DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DCMAKE_C_FLAGS_RELEASE=-O1",
    "CMAKE_BUILD_PARALLEL_LEVEL": "2",
}


@contextmanager
def llama(folder: Path, port: int) -> Iterator[str]:
    """The address of a running server."""
    installed = environment_with("llama", [REQUIREMENT], QUICK_BUILD)
    write_tiny_model(folder / "tiny.gguf")
    url = f"http://127.0.0.1:{port}"
    command = [str(installed / "bin" / "python"), "-m", "llama_cpp.server", "--model", "tiny.gguf"]
    command += ["--model_alias", "tiny", "--n_ctx", "2048", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, folder, f"{url}/v1/models", {}):
        yield url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with llama(tmp_path_factory.mktemp("llama"), free_port()) as url:
        yield url


def registry(url: str) -> ProviderRegistry:
    return ProviderRegistry([ProviderConfig("here", "llamacpp", url, is_local=True)])


def answer_without_streaming(url: str, turns: tuple[Turn, ...], max_tokens: int) -> Any:
    """What the server itself answers to these turns, in one piece."""
    messages = [{"role": turn.role.value, "content": turn.text} for turn in turns]
    body = {"model": "tiny", "messages": messages, "max_tokens": max_tokens, "temperature": 0}
    asked = urllib.request.Request(
        f"{url}/v1/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=60) as answer:
        return json.load(answer)


def text_without_streaming(url: str, turns: tuple[Turn, ...], max_tokens: int) -> str:
    text: str = answer_without_streaming(url, turns, max_tokens)["choices"][0]["message"]["content"]
    return text


class Chat:
    """One conversation with the server, as the program holds it."""

    def __init__(self, url: str, store: Store) -> None:
        self.url = url
        self.registry = registry(url)
        self.service = ChatService(store, Dependencies(self.registry.get))
        self.conversation = self.service.new_conversation("here/tiny", options=Options(SHORT, 0.0))

    async def send(self, text: str, max_tokens: int = SHORT) -> Reply:
        options = replace(self.conversation.options, max_tokens=max_tokens)
        return await self.service.send(replace(self.conversation, options=options), text)

    async def latest(self) -> Conversation:
        self.conversation = await self.service.open(self.conversation.id)
        return self.conversation

    async def aclose(self) -> None:
        await self.service.aclose()
        await self.registry.aclose()


async def test_three_turns_stream_and_one_is_cancelled_and_tried_again(server: str) -> None:
    store = await Store.open(":memory:")
    chat = Chat(server, store)
    for prompt in ("one", "über zwei 日本", "three\n\nlines"):
        ended = await (await chat.send(prompt)).wait()
        assert ended.error is None
        assert ended.turn.status is TurnStatus.COMPLETE
        assert ended.turn.stop_reason == "length"
        path = (await chat.latest()).path
        assert path[-1] == ended.turn
        assert ended.turn.text == text_without_streaming(server, path[:-1], SHORT)
        assert ended.turn.usage is not None
        assert ended.turn.usage.estimated, "this server reports no usage while it streams"

    reply = await chat.send("and a long one", LONG)
    async for event in reply:
        if isinstance(event, TextDelta):
            reply.cancel()
            break
    cut = (await reply.wait()).turn
    whole = text_without_streaming(server, (await chat.latest()).path[:-1], LONG)
    assert cut.status is TurnStatus.CANCELLED
    assert cut.text
    assert whole.startswith(cut.text)
    assert len(cut.text) < len(whole)

    again = await (await chat.service.retry(chat.conversation.id, cut.id)).wait()
    assert again.error is None
    assert again.turn.text == text_without_streaming(server, (await chat.latest()).path[:-1], SHORT)
    siblings = (await chat.latest()).siblings_of(cut.id)
    assert [turn.status for turn in siblings] == [TurnStatus.CANCELLED, TurnStatus.COMPLETE]
    await chat.aclose()
    await store.aclose()


async def test_many_replies_that_are_left_leave_the_server_well(server: str) -> None:
    providers = registry(server)
    made = await providers.get("here/tiny")
    asked = replace(request(model="tiny"), options=Options(LONG, 0.0))
    for _ in range(10):
        stream = made.stream(asked)
        async for event in stream:
            if isinstance(event, TextDelta):
                break
        await stream.aclose()  # type: ignore[attr-defined]
    events, error = await collected(made, replace(asked, options=Options(SHORT, 0.0)))
    assert error is None
    assert text_of(events) == text_without_streaming(server, asked.turns, SHORT)
    assert [stop.reason for stop in stops(events)] == ["length"]
    assert last_usage(events) is None
    await providers.aclose()


async def test_its_model_is_found_and_too_long_a_prompt_is_refused(server: str) -> None:
    providers = registry(server)
    assert [found.models for found in await providers.find_local()] == [(Model("here/tiny"),)]
    check = await providers.check("here")
    assert check.error is None
    made = await providers.get("here/tiny")
    events, error = await collected(made, request("word " * 3000, model="tiny"))
    await providers.aclose()
    assert text_of(events) == ""
    assert isinstance(error, RequestRefused)
    assert error.detail == "too_long"


async def test_a_prompt_whose_image_it_fails_on_is_sent_without_the_image(tmp_path: Path) -> None:
    """The server fails on an image and then answers no one: it is asked once, and again when it was restarted."""
    store, port = await Store.open(":memory:"), free_port()
    with llama(tmp_path, port) as url:
        chat = Chat(url, store)
        picture = AttachmentPart("shot.png", "image/png", image())
        reply = await chat.service.send(chat.conversation, "Look.", (picture,))
        refused = (await reply.wait()).turn
        assert refused.fault is not None and refused.fault.attempts == 1
        assert (refused.fault.kind, refused.fault.detail) == ("request_refused", "fails_with_files")
    with llama(tmp_path, port):
        again = await chat.service.send_without_attachments(chat.conversation.id, refused.id)
        ended = await again.wait()
        assert ended.error is None and ended.turn.status is TurnStatus.COMPLETE
        path = (await chat.latest()).path
        assert not any(isinstance(part, AttachmentPart) for part in path[0].parts)
        assert ended.turn.text == text_without_streaming(url, path[:-1], SHORT)
    await chat.aclose()
    await store.aclose()
