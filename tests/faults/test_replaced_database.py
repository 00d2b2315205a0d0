"""Another file takes the database's place while a reply comes in: the reply ends, and no text is lost."""

import shutil
from pathlib import Path

from tests.faults.plan import Server
from tests.faults.test_schedules import PROMPT, next_turn_works, stage
from tests.faults.test_suspended_machine import schedule
from tui_chat.core.event import TextDelta
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.storage.store import Store


async def test_a_reply_goes_on_when_an_older_copy_takes_the_databases_place(tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    await (await Store.open(older)).aclose()
    async with stage(schedule(Server.FINE), tmp_path / "data") as played:
        reply = await played.service.send(played.service.new_conversation("anthropic/claude-sonnet-5-5"), PROMPT)
        played.conversation_id = reply.conversation_id
        played.accepted.append(PROMPT)
        replaced = False
        async for event in reply:
            if isinstance(event, TextDelta) and not replaced:
                replaced = True
                shutil.move(older, played.path)
        ended = await reply.wait()
        assert (ended.turn.status, ended.turn.text) == (TurnStatus.COMPLETE, played.plan.text)
        await next_turn_works(played)
    store = await Store.open(played.path)
    kept = await store.conversation(reply.conversation_id)
    await store.aclose()
    assert [turn.text for turn in kept.turns if turn.role is Role.USER] == played.accepted
    assert kept.turn(reply.turn_id).text == played.plan.text
    assert list(played.path.parent.glob("*replaced-*"))


async def test_one_can_go_on_when_the_file_is_replaced_between_two_turns(tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    await (await Store.open(older)).aclose()
    async with stage(schedule(Server.FINE), tmp_path / "data") as played:
        first = await played.service.send(played.service.new_conversation("anthropic/claude-sonnet-5-5"), PROMPT)
        await first.wait()
        shown = await played.service.open(first.conversation_id)
        shutil.move(older, played.path)
        second = await played.service.send(shown, "and this one")
        assert (await second.wait()).save_error is None
        kept = await played.store.conversation(first.conversation_id)
    assert [turn.text for turn in kept.path] == [PROMPT, played.plan.text, "and this one", "fine"]
