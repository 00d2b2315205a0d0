"""What another copy of the program writes comes to the screen within two seconds, and moves no reader."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_rows, screen_text
from tests.ui.turns import exchanges
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import StorageError
from tui_chat.core.event import TextDelta
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.storage.store import Store
from tui_chat.ui.chat import background_checks, external_changes
from tui_chat.ui.chat.external_changes import ExternalChanges


def turn(name: str, parent: str, role: Role, text: str, status: TurnStatus = TurnStatus.COMPLETE) -> Turn:
    return Turn(name, parent, role, (TextPart(text),) if text else (), status, datetime.now(UTC))


async def test_a_reply_that_another_copy_receives_is_shown_as_it_comes_and_as_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "conversations.db"
    here, there = await Store.open(path), await Store.open(path)
    mine = exchanges(2)
    await here.save(mine)
    async with desk_with(store=here, first=mine) as desk:
        await desk.until(lambda: "reply 3" in screen_text(desk.app))
        asked = turn("prompt", "turn-3", Role.USER, "asked in the other window")
        comes = turn("comes", "prompt", Role.ASSISTANT, "", TurnStatus.STREAMING)
        began_s = time.monotonic()
        await there.append(mine.id, [asked, comes], head="comes")
        await desk.until(lambda: "asked in the other window" in screen_text(desk.app))
        assert time.monotonic() - began_s < 4, "two seconds, and as many for a busy machine"
        await there.checkpoint("comes", [TextDelta("half an ans")])
        await desk.until(lambda: "half an ans" in screen_text(desk.app))
        await there.finish(replace(comes, parts=(TextPart("half an answer, whole"),), status=TurnStatus.COMPLETE))
        await desk.until(lambda: "half an answer, whole" in screen_text(desk.app))
        assert desk.conversation.head == "comes"
        await desk.ask("and mine after it")
        stored = await there.conversation(mine.id)
        assert [one.text for one in stored.path][-3:] == ["half an answer, whole", "and mine after it", "Hello"]
    await there.aclose()
    await here.aclose()


async def test_a_reader_stays_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "conversations.db"
    here, there = await Store.open(path), await Store.open(path)
    mine = exchanges(20)
    await here.save(mine)
    async with desk_with(store=here, first=mine) as desk:
        await desk.press("tab", "g")
        await desk.until(lambda: "reply 1 line 0" in screen_text(desk.app))
        before = first_row(desk)
        await there.append(mine.id, [turn("new", "turn-39", Role.USER, "later words")], head="new")
        await desk.until(lambda: desk.conversation.has("new"))
        await desk.pilot.pause(0.05)
        assert first_row(desk) == before
        await desk.press("G")
        await desk.until(lambda: "later words" in screen_text(desk.app))


async def test_a_reader_in_the_middle_of_a_reply_that_grows_elsewhere_stays_there(tmp_path: Path) -> None:
    path = tmp_path / "conversations.db"
    here, there = await Store.open(path), await Store.open(path)
    mine = exchanges(2)
    await here.save(mine)
    asked = turn("prompt", "turn-3", Role.USER, "asked in the other window")
    await there.append(
        mine.id, [asked, turn("comes", "prompt", Role.ASSISTANT, "", TurnStatus.STREAMING)], head="comes"
    )
    await there.checkpoint("comes", [TextDelta("\n\n".join(f"paragraph {number}" for number in range(60)))])
    async with desk_with(store=here, first=await here.conversation(mine.id)) as desk:
        await desk.until(lambda: "paragraph 59" in screen_text(desk.app))
        await desk.press("tab", "ctrl+u")
        await desk.until(lambda: "paragraph 59" not in screen_text(desk.app))
        before = first_row(desk)
        await there.checkpoint("comes", [TextDelta("\n\nparagraph sixty")])
        await desk.until(lambda: "sixty" in desk.conversation.path[-1].text)
        await desk.pilot.pause(0.05)
        assert first_row(desk) == before
    await there.aclose()
    await here.aclose()


async def test_another_branch_that_the_other_copy_goes_to_is_not_forced_on_this_one(tmp_path: Path) -> None:
    path = tmp_path / "conversations.db"
    here, there = await Store.open(path), await Store.open(path)
    mine = exchanges(3)
    await here.save(mine)
    async with desk_with(store=here, first=mine) as desk:
        await there.append(mine.id, [turn("aside", "turn-1", Role.USER, "another way")], head="aside")
        await desk.until(lambda: desk.conversation.has("aside"))
        assert desk.conversation.head == "turn-5"
    await there.aclose()
    await here.aclose()


async def test_a_change_that_could_not_be_read_is_shown_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "conversations.db"
    here, there = await Store.open(path), await Store.open(path)
    mine = exchanges(2)
    await here.save(mine)
    monkeypatch.setattr(background_checks, "CHECK_EVERY_S", 0.02)
    monkeypatch.setattr(external_changes, "file_stamp", lambda path: path.stat().st_mtime_ns)
    failures = [StorageError("busy", detail="locked")]
    async with desk_with(store=here, first=mine) as desk:
        await desk.until(lambda: "reply 3" in screen_text(desk.app))
        load = desk.service.open

        async def busy(conversation_id: str) -> Conversation:
            if failures:
                raise failures.pop()
            return await load(conversation_id)

        monkeypatch.setattr(desk.service, "open", busy)
        await there.append(mine.id, [turn("new", "turn-3", Role.USER, "later words")], head="new")
        await desk.until(lambda: "later words" in screen_text(desk.app))
        assert not failures
    await there.aclose()
    await here.aclose()


def first_row(desk: Desk) -> str:
    return next(row for row in screen_rows(desk.app) if row.strip())


async def test_a_file_that_rests_is_not_read_and_one_that_was_written_is(tmp_path: Path) -> None:
    path = tmp_path / "conversations.db"
    here, there = await Store.open(path), await Store.open(path)
    mine = exchanges(2)
    await here.save(mine)
    elsewhere = ExternalChanges(here)
    assert elsewhere.may_have_changed()
    await elsewhere.check_for_changes(mine.id)
    assert elsewhere.may_have_changed(), "it is so young that it may be written again without looking different"
    os.utime(path, (time.time() - 60,) * 2)
    assert not await elsewhere.check_for_changes(mine.id)
    assert not elsewhere.may_have_changed()
    await there.append(mine.id, [turn("new", "turn-3", Role.USER, "words")], head="new")
    assert elsewhere.may_have_changed()
    assert await elsewhere.check_for_changes(mine.id)
    assert not await elsewhere.check_for_changes(mine.id)
    elsewhere.look_again()
    assert elsewhere.may_have_changed() and await elsewhere.check_for_changes(mine.id)
    await there.aclose()
    await here.aclose()
    alone = await Store.open(":memory:")
    assert not ExternalChanges(alone).may_have_changed(), "nothing else writes in this program's memory"
    await alone.aclose()
