"""Prompts with files: what is stored, what reaches the provider, and how no refused file blocks a conversation."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.attachments.samples import image, pdf
from tests.service.conftest import HELLO, MakeHarness, ServiceHarness
from tui_chat.attachments.shrink import shrink
from tui_chat.core.attachment import measured, without_bytes
from tui_chat.core.attachment_limits import AttachmentLimits
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import AttachmentRefused, RequestRefused
from tui_chat.core.part import AttachmentPart
from tui_chat.core.provider import Model
from tui_chat.core.turn import Turn, TurnStatus

SHOT = measured(AttachmentPart("shot.png", "image/png", image("PNG", 64, 48)))
PLAN = measured(AttachmentPart("plan.pdf", "application/pdf", pdf(3)))


def files(turn: Turn) -> list[AttachmentPart]:
    return [part for part in turn.parts if isinstance(part, AttachmentPart)]


def sent(harness: ServiceHarness, number: int = -1) -> list[AttachmentPart]:
    """The files of the request that reached the provider."""
    return [part for turn in harness.provider.requests[number].turns for part in files(turn)]


async def answered(harness: ServiceHarness, *attached: AttachmentPart) -> Conversation:
    reply = await harness.service.send(harness.new_conversation(), "Look.", attached)
    await reply.wait()
    return await harness.service.open(reply.conversation_id)


async def test_the_provider_gets_the_bytes_and_the_conversation_does_not(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversation = await answered(harness, SHOT, PLAN)
    assert sent(harness) == [SHOT, PLAN]
    assert files(conversation.path[0]) == [without_bytes(SHOT), without_bytes(PLAN)]


async def test_later_prompts_retries_and_forks_send_the_stored_bytes(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversation = await answered(harness, SHOT)
    for action in (
        harness.service.send(conversation, "And?"),
        harness.service.retry(conversation.id, conversation.path[1].id),
    ):
        await (await action).wait()
        assert sent(harness) == [SHOT]
    forked = await harness.service.fork(conversation.id, conversation.path[1].id)
    await (await harness.service.send(forked, "And here?")).wait()
    assert sent(harness) == [SHOT]


async def test_bytes_that_were_stored_ahead_are_sent(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    await harness.store.put_blob(SHOT.data)
    await answered(harness, without_bytes(SHOT))
    assert [part.data for part in sent(harness)] == [SHOT.data]


async def test_a_prompt_whose_stored_bytes_are_gone_is_refused_and_not_stored(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    with pytest.raises(AttachmentRefused, match="no longer stored"):
        await harness.service.send(harness.new_conversation(), "Look.", (without_bytes(SHOT),))
    assert harness.provider.requests == [] and await harness.store.count() == 0


async def test_an_edit_keeps_drops_and_adds_files(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversation = await answered(harness, SHOT, PLAN)
    first = conversation.path[0]
    kept = files(first)
    for attachments, expected in (
        (None, [SHOT, PLAN]),
        ((kept[0],), [SHOT]),
        ((), []),
        ((kept[1], replace(SHOT, name="new.png")), [PLAN, replace(SHOT, name="new.png")]),
    ):
        reply = await harness.service.edit(conversation.id, first.id, "Again.", attachments=attachments)
        await reply.wait()
        assert sent(harness) == expected
        opened = await harness.service.open(conversation.id)
        assert files(opened.path[0]) == [without_bytes(part) for part in expected]


# Limits


def limited(harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch, limits: AttachmentLimits) -> None:
    monkeypatch.setattr(harness.provider, "takes", lambda model: limits)


async def test_a_file_over_a_limit_is_refused_before_anything_is_stored(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness()
    limited(harness, monkeypatch, AttachmentLimits(image_edge=32))
    with pytest.raises(AttachmentRefused, match=r"64×48 pixels, and at most 32 on a side"):
        await harness.service.send(harness.new_conversation(), "Look.", (SHOT,))
    assert harness.provider.requests == [] and await harness.store.count() == 0


async def test_a_file_that_a_caller_did_not_measure_is_held_against_the_limits_too(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness()
    limited(harness, monkeypatch, AttachmentLimits(image_edge=32))
    with pytest.raises(AttachmentRefused, match=r"64×48 pixels"):
        await harness.service.send(
            harness.new_conversation(), "Look.", (AttachmentPart("shot.png", "image/png", SHOT.data),)
        )


async def test_a_shrunk_image_is_sent_with_a_note_and_the_original_is_kept(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness(shrink=shrink)
    limited(harness, monkeypatch, AttachmentLimits(image_edge=32))
    reply = await harness.service.send(harness.new_conversation(), "Look.", (SHOT,))
    await reply.wait()
    assert reply.notes == ("shot.png was shrunk: 64×48 → 32×24",)
    assert [part.pixels for part in sent(harness)] == [(32, 24)]
    stored = files((await harness.service.open(reply.conversation_id)).path[0])
    assert stored == [without_bytes(SHOT)]


async def test_a_change_to_a_model_that_cannot_see_goes_on_without_the_image(make_harness: MakeHarness) -> None:
    async def blind(ref: str) -> Model | None:
        return Model(ref, can_see=ref != "demo/blind")

    harness = await make_harness(listed_model=blind)
    conversation = await answered(harness, SHOT)
    reply = await harness.service.send(replace(conversation, model="demo/blind"), "And?")
    assert (await reply.wait()).turn.status is TurnStatus.COMPLETE
    assert sent(harness) == [] and reply.notes == ("shot.png was left out: demo/blind cannot see images",)


# A provider that refuses


def refusing() -> tuple[Any, ...]:
    return (RequestRefused("image exceeds 5 MB maximum", detail="bad_request"),)


async def test_a_prompt_that_the_provider_refused_is_sent_without_its_files(make_harness: MakeHarness) -> None:
    harness = await make_harness(refusing(), HELLO)
    conversation = await answered(harness, SHOT)
    failed = conversation.path[1]
    assert failed.status is TurnStatus.FAILED
    reply = await harness.service.send_without_attachments(conversation.id, failed.id)
    assert (await reply.wait()).turn.text == "Hello"
    assert sent(harness) == []
    after = await harness.service.open(conversation.id)
    assert [turn.text for turn in after.path] == ["Look.", "Hello"] and files(after.path[0]) == []
    assert files(after.turn(conversation.path[0].id)) == [without_bytes(SHOT)]


async def test_a_file_of_an_earlier_prompt_is_left_out_of_a_repeated_branch(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, HELLO, refusing(), HELLO)
    conversation = await answered(harness, SHOT)
    for words in ("And?", "So?"):
        reply = await harness.service.send(await harness.service.open(conversation.id), words)
        await reply.wait()
    conversation = await harness.service.open(conversation.id)
    again = await harness.service.send_without_attachments(conversation.id, reply.turn_id)
    assert (await again.wait()).turn.text == "Hello" and sent(harness) == []
    after = await harness.service.open(conversation.id)
    assert [turn.text for turn in after.path] == ["Look.", "Hello", "And?", "Hello", "So?", "Hello"]
    assert not any(map(files, after.path)) and len(after.turns) == 12
    assert after.cost == (await harness.service.open(conversation.id)).cost
    assert [turn.cost for turn in after.path[:-1]] == [None] * 5


async def test_a_prompt_of_files_alone_names_them_when_they_are_left_out(make_harness: MakeHarness) -> None:
    harness = await make_harness(refusing(), HELLO)
    reply = await harness.service.send(harness.new_conversation(), "", (SHOT,))
    await reply.wait()
    again = await harness.service.send_without_attachments(reply.conversation_id, reply.turn_id)
    await again.wait()
    assert [turn.text for turn in harness.provider.requests[-1].turns] == ["[sent without shot.png]"]


async def test_without_files_there_is_nothing_to_leave_out(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversation = await answered(harness)
    with pytest.raises(RequestRefused):
        await harness.service.send_without_attachments(conversation.id, conversation.path[1].id)


async def test_a_prompt_that_cannot_be_saved_is_still_sent_with_its_files(
    make_harness: MakeHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui_chat.core.error import StorageError

    harness = await make_harness()

    async def full(*args: object, **named: object) -> None:
        raise StorageError("the disk is full", detail="disk_full")

    monkeypatch.setattr(harness.store, "create", full)
    monkeypatch.setattr(harness.store, "save", full)
    reply = await harness.service.send(harness.new_conversation(), "Look.", (SHOT,))
    await reply.wait()
    conversation = await harness.service.open(reply.conversation_id)
    await (await harness.service.send(conversation, "And?")).wait()
    assert sent(harness) == [SHOT]
    monkeypatch.undo()
    await harness.service.aclose()
    stored = await harness.store.conversation(reply.conversation_id)
    assert files(stored.path[0]) == [without_bytes(SHOT)] and await harness.store.blob(SHOT.sha256) == SHOT.data
