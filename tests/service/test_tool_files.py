"""Images that tools give: stored once, sent on every wire, left out where the model cannot see, kept by copies."""

import json
from dataclasses import replace

import pytest

from tests.attachments.samples import image
from tests.service.conftest import MakeHarness, ServiceHarness
from tests.support.tools import LOOK, ScriptedToolbox, answer, assert_valid_on_every_wire, calls
from tui_chat.core.attachment_limits import AttachmentLimits
from tui_chat.core.conversation import Options
from tui_chat.core.error import StorageError
from tui_chat.core.part import AttachmentPart, ToolCallPart, ToolResultPart
from tui_chat.core.provider import Request
from tui_chat.core.provider_presets import PRESETS
from tui_chat.core.tool import ToolOutcome
from tui_chat.core.turn import Turn
from tui_chat.providers.anthropic.request import Capabilities, message_params
from tui_chat.providers.openai.request import request_body
from tui_chat.providers.openai.responses_request import responses_body
from tui_chat.service.reply import Reply

SHOT = AttachmentPart("shot.png", "image/png", image())
TWO = calls(("c1", "look", "{}"), ("c2", "look", '{"path": "b"}'))


async def run(call: ToolCallPart) -> ToolOutcome:
    return ToolOutcome(f"this is {call.call_id}", files=(SHOT,) if call.call_id == "c1" else ())


async def sent(harness: ServiceHarness) -> Reply:
    conversation = harness.service.new_conversation("demo/tour", options=Options(tools=("look",)))
    reply = await harness.service.send(conversation, "hi")
    await reply.wait()
    return reply


def files(turn: Turn) -> list[AttachmentPart]:
    return [part for part in turn.parts if isinstance(part, AttachmentPart)]


async def test_an_image_of_a_tool_is_stored_once_and_sent_behind_its_result(make_harness: MakeHarness) -> None:
    harness = await make_harness(TWO, answer(), toolbox=ScriptedToolbox(run=run))
    reply = await sent(harness)
    (kept,) = files(reply.turn)
    assert kept.data == b"" and await harness.store.blob(kept.sha256) == SHOT.data and kept.pixels == (40, 30)
    stored = await harness.service.open(reply.conversation_id)
    assert stored.turn(reply.turn_id) == reply.turn
    request = replace(harness.provider.requests[1], model="claude-sonnet-5-5")
    message = message_params(request, Capabilities())["messages"][-1]["content"]
    first, second = [block["content"] for block in message]
    assert [block["type"] for block in first] == ["text", "image"] and second == "this is c2"
    assert_valid_on_every_wire(stored.path)


async def test_the_openai_wires_get_the_image_in_a_message_after_the_results(make_harness: MakeHarness) -> None:
    harness = await make_harness(TWO, answer(), toolbox=ScriptedToolbox(run=run))
    await sent(harness)
    request: Request = harness.provider.requests[1]
    messages = request_body(request, PRESETS["openai"].dialect)["messages"]
    assert [message["role"] for message in messages[-3:]] == ["tool", "tool", "user"]
    assert messages[-1]["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")
    items = responses_body(request, PRESETS["openai"].dialect, "openai")["input"]
    assert [item.get("type") for item in items[-3:-1]] == ["function_call_output", "function_call_output"]
    assert items[-1]["content"][0]["type"] == "input_image"


async def test_a_model_that_sees_nothing_is_sent_a_line_instead(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness(TWO, answer(), toolbox=ScriptedToolbox(run=run))
    monkeypatch.setattr(harness.provider, "takes", lambda model: AttachmentLimits(sees=False))
    reply = await sent(harness)
    assert reply.turn.text.endswith("Done.") and len(files(reply.turn)) == 1
    assert "image" not in json.dumps(message_params(harness.provider.requests[1], Capabilities())["tools"])
    sent_text = json.dumps(message_params(harness.provider.requests[1], Capabilities())["messages"])
    assert "shot.png: left out, since demo/tour cannot see images" in sent_text and "base64" not in sent_text


async def test_an_image_that_cannot_be_stored_is_left_out(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness(TWO, answer(), toolbox=ScriptedToolbox(run=run))

    async def full(data: bytes) -> str:
        raise StorageError("full", detail="disk_full")

    monkeypatch.setattr(harness.store, "put_blob", full)
    reply = await sent(harness)
    assert files(reply.turn) == [] and reply.turn.text.endswith("Done.")


async def test_going_on_and_forking_keep_the_image(make_harness: MakeHarness) -> None:
    only = calls(("c1", "look", "{}"))
    harness = await make_harness(only, [StorageError("x")], answer("Seen."), toolbox=ScriptedToolbox(run=run))
    reply = await sent(harness)
    assert isinstance(reply.turn.parts[-1], AttachmentPart) and isinstance(reply.turn.parts[-2], ToolResultPart)
    more = await harness.service.continue_(reply.conversation_id, reply.turn_id)
    assert (await more.wait()).turn.text.endswith("Seen.") and len(files(more.turn)) == 1
    forked = await harness.service.fork(reply.conversation_id, more.turn_id)
    (kept,) = files((await harness.store.conversation(forked.id)).path[-1])
    assert await harness.store.blob(kept.sha256) == SHOT.data
    assert harness.provider.requests[-1].tools == (LOOK,)
