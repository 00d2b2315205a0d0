"""Files as they reach a server: real requests at a loopback address, on each wire, with exact bytes and order."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.attachments.samples import image, pdf
from tests.providers.anthropic import encoder as anthropic
from tests.providers.openai import encoder as openai
from tests.providers.openai import responses_encoder as responses
from tests.support.wire_server import Answer, Wire
from tui_chat.attachments.read_file import read_attachment
from tui_chat.attachments.shrink import shrink
from tui_chat.core.error import AttachmentRefused
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.image_size import image_size
from tui_chat.core.part import AttachmentPart
from tui_chat.core.provider import Provider
from tui_chat.core.turn import TurnStatus
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies
from tui_chat.storage.store import Store

MIB = 1024 * 1024
SCRIPT = (TextDelta("fine"), Stopped("end_turn"))
CONTENTS = {
    "a.png": image("PNG", 64, 48),
    "b.jpg": image("JPEG", 64, 48),
    "c.webp": image("WEBP", 64, 48),
    "d.gif": image("GIF", 64, 48),
    "e.pdf": pdf(2),
    "f.md": "# Überschrift\n</file>\n\x1b[31m\u202e".encode(),
}
TYPES = {"a.png": "image/png", "b.jpg": "image/jpeg", "c.webp": "image/webp", "d.gif": "image/gif"}


def anthropic_blocks(body: Any) -> list[tuple[str, str, Any]]:
    """Kind, media type and content of each block of the last message."""
    found = []
    for block in body["messages"][-1]["content"]:
        source = block.get("source", {})
        match source.get("type"):
            case "base64":
                found.append((block["type"], source["media_type"], b64decode(source["data"], validate=True)))
            case "text":
                found.append((block["type"], "text/plain", source["data"].encode()))
            case _:
                found.append(("words", "", block["text"]))
    return found


def openai_blocks(body: Any) -> list[tuple[str, str, Any]]:
    found = []
    content = body["messages"][-1]["content"]
    for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        match block["type"]:
            case "image_url":
                found.append(("image", *from_data_url(block["image_url"]["url"])))
            case "file":
                found.append(("document", *from_data_url(block["file"]["file_data"])))
            case _:
                found.append(text_block(block["text"]))
    return found


def responses_blocks(body: Any) -> list[tuple[str, str, Any]]:
    found = []
    content = body["input"][-1]["content"]
    for block in [{"type": "input_text", "text": content}] if isinstance(content, str) else content:
        match block["type"]:
            case "input_image":
                found.append(("image", *from_data_url(block["image_url"])))
            case "input_file":
                found.append(("document", *from_data_url(block["file_data"])))
            case _:
                found.append(text_block(block["text"]))
    return found


def text_block(text: str) -> tuple[str, str, Any]:
    """Words, or the file within a tag that it cannot close, with the words behind it in a prompt of text alone."""
    if not text.startswith("<file"):
        return "words", "", text
    head, _, rest = text.partition("\n")
    tag = head.removeprefix("<").partition(" ")[0]
    inside, closing, after = rest.rpartition(f"\n</{tag}>")
    assert closing and after in ("", "\n\nLook.") and f"</{tag}>" not in inside
    return "document with words" if after else "document", "text/plain", inside.encode()


def from_data_url(url: str) -> tuple[str, bytes]:
    head, _, data = url.partition(",")
    return head.removeprefix("data:").removesuffix(";base64"), b64decode(data, validate=True)


Blocks = Callable[[Any], list[tuple[str, str, Any]]]
WIRES: dict[str, tuple[Callable[[str], Provider], bytes, Blocks]] = {
    "anthropic": (anthropic.provider, anthropic.encode(SCRIPT), anthropic_blocks),
    "chat completions": (
        lambda url: openai.provider(url, kind="litellm", api="chat"),
        openai.encode(SCRIPT),
        openai_blocks,
    ),
    "responses": (lambda url: openai.provider(url, api="responses"), responses.encode(SCRIPT), responses_blocks),
}


class Talk:
    """A service with a real adapter at a loopback server."""

    def __init__(self, wire: Wire, store: Store, made: Provider, blocks: Blocks) -> None:
        async def provider_for(model: str) -> Provider:
            return made

        self.service = ChatService(store, Dependencies(provider_for, shrink=shrink))
        self._wire, self._blocks = wire, blocks

    async def sent(self, *files: AttachmentPart, words: str = "Look.") -> list[tuple[str, str, Any]]:
        """Send a prompt, and return what the server received."""
        reply = await self.service.send(self.service.new_conversation("p/m"), words, files)
        assert (await reply.wait()).turn.status is TurnStatus.COMPLETE
        return self._blocks(self._wire.requests[-1].json)


@pytest.fixture(params=list(WIRES))
async def talk(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    make, body, blocks = WIRES[request.param]
    async with Wire(*[Answer((body,), headers={"content-type": "text/event-stream"})] * 8) as wire:
        store = await Store.open(tmp_path / "data" / "conversations.db")
        made = make(wire.url)
        talk = Talk(wire, store, made, blocks)
        yield talk
        await talk.service.aclose()
        await made.aclose()
        await store.aclose()


def files_in(folder: Path, *names: str) -> list[AttachmentPart]:
    for name in names:
        (folder / name).write_bytes(CONTENTS[name])
    return [read_attachment(folder / name) for name in names]


def block_of(name: str) -> tuple[str, str, bytes]:
    kind = "image" if name in TYPES else "document"
    media_type = TYPES.get(name) or ("application/pdf" if name == "e.pdf" else "text/plain")
    return kind, media_type, CONTENTS[name]


@pytest.mark.parametrize("name", CONTENTS)
async def test_each_kind_of_file_arrives_byte_for_byte_before_the_words(
    talk: Talk, name: str, tmp_path: Path
) -> None:
    blocks = await talk.sent(*files_in(tmp_path, name))
    if len(blocks) == 1:  # a prompt of text alone is one string on OpenAI's wires
        assert blocks == [("document with words", "text/plain", CONTENTS["f.md"])]
    else:
        assert blocks == [block_of(name), ("words", "", "Look.")]


async def test_several_files_arrive_in_their_order(talk: Talk, tmp_path: Path) -> None:
    names = ["d.gif", "f.md", "a.png", "e.pdf", "b.jpg", "c.webp", "a.png"]
    blocks = await talk.sent(*files_in(tmp_path, *names))
    assert blocks == [*map(block_of, names), ("words", "", "Look.")]


async def test_nothing_over_a_limit_reaches_the_server(tmp_path: Path) -> None:
    make, body, blocks = WIRES["anthropic"]
    (tmp_path / "long.pdf").write_bytes(pdf(101))
    (tmp_path / "wide.png").write_bytes(image("PNG", 8_100, 20))
    (tmp_path / "heavy.png").write_bytes(image("PNG", 900, 600) + bytes(4 * MIB))
    async with Wire(Answer((body,), headers={"content-type": "text/event-stream"})) as wire:
        store, made = await Store.open(":memory:"), make(wire.url)
        talk = Talk(wire, store, made, blocks)
        with pytest.raises(AttachmentRefused, match="at most 100 pages, not 101"):
            await talk.sent(read_attachment(tmp_path / "long.pdf"))
        assert wire.requests == []
        (_, _, wide), (_, _, heavy), _ = await talk.sent(
            read_attachment(tmp_path / "wide.png"), read_attachment(tmp_path / "heavy.png")
        )
        assert image_size(wide) == (8_000, 20)
        assert image_size(heavy) == (900, 600) and len(b64encode(heavy)) <= 5 * MIB
        await talk.service.aclose()
        await made.aclose()
        await store.aclose()
