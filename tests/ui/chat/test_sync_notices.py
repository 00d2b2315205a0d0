"""What the app shows of sync: where it stands, and answers from other machines, which never move the view."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sync.fake_hub import FakeHub, FakeSeal
from tests.ui.chat.test_external_changes import turn
from tests.ui.conftest import desk_with
from tests.ui.screen import screen_rows, screen_text
from tests.ui.turns import exchanges
from tui_chat.core.conversation import Conversation
from tui_chat.core.sync_status import DEVICES_STATE, SYNC_STATE, SyncStatus
from tui_chat.core.turn import Role
from tui_chat.storage.store import Store
from tui_chat.sync.exchange import Exchange
from tui_chat.ui.chat import background_checks

WORKSTATION = b"workstat"
SINCE = datetime(2026, 11, 30, 14, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_checks, "CHECK_EVERY_S", 0.02)


@dataclass
class FakeProcess:
    """The sync process; counts how often the app was used."""

    runs: bool = True
    restarts_at: datetime | None = None
    used: int = 0

    def is_running(self) -> bool:
        return self.runs

    def last_written(self) -> object:
        return object()

    def note_use(self) -> None:
        self.used += 1


@dataclass
class Pair:
    """The app's database, and that of a workstation that syncs with it."""

    here: Store
    process: Store
    """The app's database as the sync process has it open."""
    there: Store
    hub: FakeHub
    conversation: Conversation

    async def sync(self) -> None:
        """Exchange everything between the two."""
        for store in (self.there, self.process, self.there):
            await Exchange(store.replica, self.hub, FakeSeal()).cycle()


@asynccontextmanager
async def synced_pair(folder: Path) -> AsyncIterator[Pair]:
    here, process = await Store.open(folder / "conversations.db"), await Store.open(folder / "conversations.db")
    there = await Store.open(":memory:")
    pair = Pair(here, process, there, FakeHub(random.Random(1)), exchanges(3))
    try:
        await here.save(pair.conversation)
        await process.replica.start("space", b"notebook")
        await there.replica.start("space", WORKSTATION)
        await process.set_state(DEVICES_STATE, {WORKSTATION.hex(): {"name": "workstation"}})
        await pair.sync()
        yield pair
    finally:
        for store in (here, process, there):
            await store.aclose()


async def test_footer_shows_what_waits_and_since_when_the_hub_is_away(tmp_path: Path) -> None:
    async with synced_pair(tmp_path) as pair:
        await pair.process.set_state(SYNC_STATE, SyncStatus(SINCE).as_state)
        async with desk_with(store=pair.here, first=pair.conversation, sync=FakeProcess()) as desk:
            await desk.until(lambda: "  synced  " in screen_text(desk.app))
            away = SyncStatus(SINCE, "away", SINCE)
            await pair.process.set_state(SYNC_STATE, away.as_state)
            await desk.ask("one more")
            await desk.until(lambda: " to send, hub away since " in screen_text(desk.app))
            await pair.sync()
            await pair.process.set_state(SYNC_STATE, SyncStatus(SINCE).as_state)
            await desk.until(lambda: "  synced  " in screen_text(desk.app))


async def test_footer_shows_nothing_of_sync_where_it_is_not_set_up() -> None:
    async with desk_with() as desk:
        await desk.ask("hello")
        assert "sync" not in screen_text(desk.app)


async def test_footer_shows_when_a_process_that_ended_starts_again(tmp_path: Path) -> None:
    async with synced_pair(tmp_path) as pair:
        process = FakeProcess()
        async with desk_with(store=pair.here, first=pair.conversation, sync=process) as desk:
            await desk.until(lambda: "not synced yet" in screen_text(desk.app))
            process.runs, process.restarts_at = False, datetime.now().astimezone().replace(hour=14, minute=5)
            await desk.until(lambda: "sync stopped, starts again at 14:05" in screen_text(desk.app))
            process.runs, process.restarts_at = True, None
            await desk.until(lambda: "not synced yet" in screen_text(desk.app))


async def test_footer_follows_sync_that_is_set_up_and_ended_in_another_terminal(tmp_path: Path) -> None:
    async with synced_pair(tmp_path) as pair:
        await pair.process.replica.leave()
        async with desk_with(store=pair.here, first=pair.conversation, sync=FakeProcess()) as desk:
            await desk.ask("hello")
            assert "sync" not in screen_text(desk.app)
            await pair.process.replica.start("space", b"notebook")
            await desk.until(lambda: "not synced yet" in screen_text(desk.app))
            await pair.process.replica.leave()
            await desk.until(lambda: "sync" not in screen_text(desk.app))


async def test_keys_tell_the_sync_process_that_the_app_is_used(tmp_path: Path) -> None:
    async with synced_pair(tmp_path) as pair:
        process = FakeProcess()
        async with desk_with(store=pair.here, first=pair.conversation, sync=process) as desk:
            before = process.used
            await desk.type("abc")
            assert process.used == before + 3


async def test_answer_from_another_machine_is_reported_and_the_view_stays(tmp_path: Path) -> None:
    async with synced_pair(tmp_path) as pair:
        talk = pair.conversation
        async with desk_with(store=pair.here, first=talk, sync=FakeProcess(), size=(120, 30)) as desk:
            await desk.until(lambda: "reply 5" in screen_text(desk.app))
            before = screen_rows(desk.app)[1:8]
            other = turn("other", "turn-4", Role.ASSISTANT, "the workstation's answer")
            await pair.there.append(talk.id, [other], head="other")
            await pair.sync()
            await desk.until(lambda: "Another answer came from workstation. Alt+→ shows it." in screen_text(desk.app))
            assert desk.conversation.head == "turn-5"
            assert screen_rows(desk.app)[1:8] == before and "the workstation's answer" not in screen_text(desk.app)
            await desk.press("alt+right")
            await desk.until(lambda: "the workstation's answer" in screen_text(desk.app))


async def test_continuation_from_another_machine_is_shown_without_a_notice(tmp_path: Path) -> None:
    async with synced_pair(tmp_path) as pair:
        talk = pair.conversation
        async with desk_with(store=pair.here, first=talk, sync=FakeProcess()) as desk:
            await desk.until(lambda: "reply 5" in screen_text(desk.app))
            await pair.there.append(talk.id, [turn("more", "turn-5", Role.USER, "asked elsewhere")], head="more")
            await pair.sync()
            await desk.until(lambda: "asked elsewhere" in screen_text(desk.app))
            assert "came from" not in screen_text(desk.app)


async def test_branch_of_another_copy_on_this_machine_is_not_reported_as_another_machine(tmp_path: Path) -> None:
    async with synced_pair(tmp_path) as pair:
        talk = pair.conversation
        async with desk_with(store=pair.here, first=talk, sync=FakeProcess()) as desk:
            aside = turn("aside", "turn-4", Role.ASSISTANT, "another answer of this machine")
            await pair.process.append(talk.id, [aside], head="aside")
            await desk.until(lambda: desk.conversation.has("aside"))
            await desk.pilot.pause(0.05)
            assert "came from" not in screen_text(desk.app)
