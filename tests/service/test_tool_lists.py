"""The tool list of a conversation: the same bytes in every request, whatever happens to the servers."""

import json
from dataclasses import replace

import pytest

from tests.service.conftest import MakeHarness, ServiceHarness
from tests.support.tools import ACT, LOOK, ScriptedToolbox, answer, calls, until
from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.provider_presets import PRESETS
from tui_chat.core.tool import Decision, Effect, Tool, Verdict
from tui_chat.providers.anthropic.request import Capabilities, message_params
from tui_chat.providers.openai.request import request_body
from tui_chat.providers.openai.responses_request import responses_body
from tui_chat.storage.store import Store

ADD = Tool("box__add", "Add.", "{}", Effect.UNKNOWN, "box", "add-1", own_name="add")
SUM = Tool("box__sum", "Sum.", "{}", Effect.UNKNOWN, "box", "sum-1", own_name="sum")
CHOSEN = ("look", "box")


class Boxes(ScriptedToolbox):
    """The tools of a server named `box`, after `look`."""

    def __init__(self, *of_server: Tool) -> None:
        super().__init__()
        self.of_server = of_server

    async def offered(self, chosen: object) -> tuple[Tool, ...]:
        return (LOOK, *self.of_server) if chosen else ()


async def sent(
    harness: ServiceHarness, conversation: Conversation, *, chosen: tuple[str, ...] = CHOSEN
) -> list[Tool]:
    """The tools of the request for one more prompt."""
    conversation = replace(conversation, options=Options(tools=chosen))
    await (await harness.service.send(conversation, "hi")).wait()
    return list(harness.provider.requests[-1].tools)


async def test_the_list_is_sorted_and_stays_as_it_was(make_harness: MakeHarness, store: Store) -> None:
    first = await make_harness(toolbox=Boxes(SUM, ADD), store=store)
    conversation = first.new_conversation()
    before = await sent(first, conversation)
    assert before == [ADD, SUM, LOOK]
    for later in ((replace(ADD, description="Other."), SUM), (SUM,), (ADD, SUM, replace(SUM, name="box__x"))):
        restarted = await make_harness(toolbox=Boxes(*later), store=store)
        assert await sent(restarted, conversation) == before


async def test_another_choice_and_a_new_conversation_take_the_present_tools(
    make_harness: MakeHarness, store: Store
) -> None:
    harness = await make_harness(toolbox=Boxes(ADD), store=store)
    conversation = harness.new_conversation()
    await sent(harness, conversation)
    changed = await make_harness(toolbox=Boxes(SUM), store=store)
    assert await sent(changed, changed.new_conversation()) == [SUM, LOOK]
    await changed.service.tool_lists.forget(conversation.id)
    assert await sent(changed, conversation) == [SUM, LOOK]
    again = await make_harness(toolbox=Boxes(ADD), store=store)
    assert await sent(again, conversation, chosen=("look", "box", "read")) == [ADD, LOOK]


async def test_a_note_reports_once_that_a_server_offers_other_tools(make_harness: MakeHarness, store: Store) -> None:
    first = await make_harness(toolbox=Boxes(ADD), store=store)
    conversation = replace(first.new_conversation(), options=Options(tools=CHOSEN))
    reply = await first.service.send(conversation, "hi")
    await reply.wait()
    assert reply.notes == ()
    harness = await make_harness(toolbox=Boxes(ADD, SUM), store=store)
    noted = []
    for _ in range(2):
        reply = await harness.service.send(conversation, "more")
        await reply.wait()
        noted.append(reply.notes)
    assert "box offers other tools now" in noted[0][0] and noted[1] == ()


async def test_without_tools_a_request_is_the_same_byte_for_byte(make_harness: MakeHarness, store: Store) -> None:
    class Untouched(ScriptedToolbox):
        async def offered(self, chosen: object) -> tuple[Tool, ...]:
            raise AssertionError("no tool is chosen")

    bodies = []
    for toolbox in (None, Untouched()):
        harness = await make_harness(toolbox=toolbox, store=store)
        conversation = replace(harness.new_conversation(), system="Be brief.", options=Options(max_tokens=9))
        await (await harness.service.send(conversation, "hi")).wait()
        (request,) = harness.provider.requests
        request = replace(request, model="claude-sonnet-5-5")
        dialect = PRESETS["openai"].dialect
        made = (
            message_params(request, Capabilities()),
            request_body(request, dialect),
            responses_body(request, dialect, "x"),
        )
        bodies.append([json.dumps(body) for body in made])
        assert await store.state(f"tools:{conversation.id}") is None
    assert bodies[0] == bodies[1]
    assert bodies[0] == [
        '{"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], '
        '"system": "Be brief.", "max_tokens": 9, "cache_control": {"type": "ephemeral"}}',
        '{"model": "claude-sonnet-5-5", "messages": [{"role": "system", "content": "Be brief."}, '
        '{"role": "user", "content": "hi"}], "stream": true, "stream_options": {"include_usage": true}, '
        '"max_completion_tokens": 9}',
        '{"model": "claude-sonnet-5-5", "input": [{"role": "user", "content": "hi"}], "stream": true, '
        '"store": false, "instructions": "Be brief.", "max_output_tokens": 9}',
    ]


async def test_a_server_without_consent_offers_nothing(make_harness: MakeHarness, store: Store) -> None:
    first = await make_harness(toolbox=Boxes(ADD), store=store)
    conversation = first.new_conversation()
    await sent(first, conversation)
    assert await sent(await make_harness(toolbox=Boxes(), store=store), conversation) == [LOOK]


async def test_nothing_is_kept_for_a_conversation_that_is_gone(
    make_harness: MakeHarness, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness(toolbox=Boxes(ADD), store=store)
    conversation = harness.new_conversation()
    await sent(harness, conversation)
    key = f"tools:{conversation.id}"
    assert await store.state(key)
    await store.delete(conversation.id)
    deleted_at = (await store.conversation(conversation.id)).deleted_at
    assert deleted_at is not None
    await store.purge(deleted_at.replace(year=deleted_at.year + 1))
    assert await store.state(key) is None


async def test_a_permission_for_good_ends_when_the_tool_changes_and_the_question_shows_it(
    make_harness: MakeHarness, store: Store
) -> None:
    harness = await make_harness(calls(("c1", "act", "{}")), answer(), toolbox=ScriptedToolbox(), store=store)
    options = Options(tools=("act",))
    reply = await harness.service.send(replace(harness.new_conversation(), options=options), "hi")
    await until(lambda: reply.pending_approvals)
    assert not reply.pending_approvals[0].review.warning
    await reply.answer("c1", Verdict(Decision.ALWAYS))
    await reply.wait()
    toolbox = ScriptedToolbox()
    toolbox.tools = (replace(ACT, fingerprint="act-2"),)
    other = await make_harness(calls(("c1", "act", "{}")), answer(), toolbox=toolbox, store=store)
    reply = await other.service.send(replace(other.new_conversation(), options=options), "hi")
    await until(lambda: reply.pending_approvals)
    assert "changed since you always allowed" in reply.pending_approvals[0].review.warning
    reply.cancel()
    await reply.wait()
