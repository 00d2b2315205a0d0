"""The library in the app: search by title and text, open at the match, change, undo."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
from textual import events
from textual._compositor import Compositor
from textual.css.stylesheet import Stylesheet

from tests.ui.conftest import Desk, desk_with
from tests.ui.library.test_data_source import made
from tests.ui.screen import screen_rows, screen_text
from tests.ui.turns import conversation, prompt, reply
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import StorageError
from tui_chat.providers.demo.provider import DemoProvider
from tui_chat.storage.store import Store
from tui_chat.ui.library import screen as library_screen
from tui_chat.ui.library.data_source import Hits, ListFilter, Titles, load_rows
from tui_chat.ui.library.screen import LibraryScreen
from tui_chat.ui.library.virtual_list import VirtualList

BRANCHED = replace(
    conversation(
        prompt(0, "Which engine?"),
        reply(1, "The first answer speaks of camshafts.\n\n" + "filler\n\n" * 60),
        reply(2, "The second answer speaks of pistons.", parent_id="turn-0"),
        head="turn-2",
    ),
    id="engines",
    title="Engines",
)


class NoProvider(DemoProvider):
    """Fails the test that uses anything here."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def stream(self, request: object) -> object:  # type: ignore[override]
        self.asked += 1
        raise AssertionError("a request was made")


@asynccontextmanager
async def library_of(
    *conversations: Conversation, size: tuple[int, int] = (100, 30), more: int = 0
) -> AsyncIterator[Desk]:
    store = await Store.open(":memory:")
    await store.save_all([*(made(number) for number in range(more)), *conversations])
    try:
        async with desk_with(store=store, size=size, provider=NoProvider()) as desk:
            await desk.press("ctrl+o")
            await shows(desk, "Conversations")
            yield desk
    finally:
        await store.aclose()


async def shows(desk: Desk, *words: str) -> None:
    await desk.until(lambda: all(word in screen_text(desk.app) for word in words))


async def shows_not(desk: Desk, *words: str) -> None:
    await desk.until(lambda: not any(word in screen_text(desk.app) for word in words))


def library(desk: Desk) -> LibraryScreen:
    assert isinstance(desk.app.screen, LibraryScreen)
    return desk.app.screen


async def test_a_conversation_is_found_by_its_title_and_opened() -> None:
    async with library_of(BRANCHED, more=100) as desk:
        await shows(desk, "Conversations 101", "Engines", "turns", "last used")
        await desk.type("title 42")
        await shows(desk, "Conversations 1", "Title 42")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.id == "c0042")
        assert "answer 42" in screen_text(desk.app) and desk.chat.prompt.has_focus


async def test_a_key_right_behind_the_last_letter_means_what_was_typed() -> None:
    async with library_of(BRANCHED, more=50) as desk:
        await shows(desk, "Conversations 51")
        await desk.pilot.press(*"42", "f8", "escape", *"17", "enter")
        await desk.until(lambda: desk.conversation.id == "c0017")
        assert (await desk.store.conversation("c0042")).deleted_at is not None


async def test_the_first_frame_has_the_first_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    store = await Store.open(":memory:")
    await store.save_all([made(number) for number in range(60)])
    async with desk_with(store=store, size=(120, 40)) as desk:
        frames: list[str] = []
        render = Compositor.render_update

        def note_frame(compositor: Compositor, *args: Any, **more: Any) -> Any:
            if isinstance(desk.app.screen, LibraryScreen):
                frames.append(screen_text(desk.app))
            return render(compositor, *args, **more)

        monkeypatch.setattr(Compositor, "render_update", note_frame)
        await desk.press("ctrl+o")
        await desk.until(lambda: frames)
        assert "Conversations 60" in frames[0] and "Title 59" in frames[0], "not rendered before, for nothing"
        assert "last used" in frames[0]
    await store.aclose()


async def test_letters_that_are_quicker_than_the_first_rows_filter_them() -> None:
    store = await Store.open(":memory:")
    await store.save_all([made(number) for number in range(60)])
    async with desk_with(store=store) as desk:
        await desk.pilot.press("ctrl+o", *"title 42")
        await shows(desk, "Conversations 1 ", "Title 42")
        await desk.settle()
        assert "Title 41" not in screen_text(desk.app)
    await store.aclose()


async def test_keys_that_are_quicker_than_the_first_rows_choose_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = asyncio.Event()

    async def slow_look(store: Store, wanted: ListFilter, at: int) -> tuple[ListFilter, Titles | Hits]:
        await fetched.wait()
        return await load_rows(store, wanted, at)

    monkeypatch.setattr(library_screen, "load_rows", slow_look)
    store = await Store.open(":memory:")
    await store.save_all([made(number) for number in range(3)])
    async with desk_with(store=store) as desk:
        await desk.press("ctrl+o")
        await shows(desk, "Search conversations")
        asyncio.get_running_loop().call_later(0.2, fetched.set)
        await desk.pilot.press("down", "enter")
        await desk.until(lambda: desk.conversation.id == "c0001")
    await store.aclose()


async def test_a_burst_of_keys_in_the_search_acts_in_its_order() -> None:
    async with library_of(BRANCHED, more=5) as desk:
        await shows(desk, "Conversations 6")
        line = library(desk).query_line
        for key, letter in (("e", "e"), ("x", "x"), ("backspace", None), ("n", "n"), ("g", "g")):
            desk.app.post_message(events.Key(key, letter))
        await shows(desk, "Conversations 1", "Engines")
        assert line.value == "eng"


async def test_a_match_opens_on_its_branch_at_the_message_with_the_hits_highlighted() -> None:
    async with library_of(BRANCHED) as desk:
        await desk.type("camshafts")
        await shows(desk, "All messages", "speaks of camshafts")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.id == "engines")
        assert [turn.id for turn in desk.conversation.path] == ["turn-0", "turn-1"], "the branch with the match"
        await shows(desk, "camshafts", "‹1/2›", "1 of 1")
        assert desk.chat.pane.has_focus
        stored = await desk.store.conversation("engines")
        assert stored.head == "turn-2", "looking into another branch does not move the reader's place for good"


async def test_tab_changes_between_titles_and_full_text() -> None:
    async with library_of(BRANCHED, replace(made(1), title="engine oil")) as desk:
        await desk.type("engine")
        await shows(desk, "Conversations 2")
        await desk.press("tab")
        await shows(desk, "All messages", "Which engine?")
        await desk.press("tab")
        await shows(desk, "Conversations 2")


async def test_the_notice_that_asks_for_a_search_text_goes_when_it_is_typed() -> None:
    async with library_of(BRANCHED) as desk:
        await desk.press("tab")
        await shows(desk, "Type a search text")
        await desk.type("e")
        assert not library(desk).notice_line.text


async def test_every_place_in_a_long_list_can_be_reached() -> None:
    async with library_of(more=500) as desk:
        await shows(desk, "Conversations 500", "Title 499")
        await desk.press("ctrl+end")
        await shows(desk, "Title 0")
        await desk.press("pageup", "up")
        await desk.until(lambda: 460 < desk.app.screen.query_one(VirtualList).cursor < 499)
        await desk.press("ctrl+home")
        await shows(desk, "Title 499")


async def test_rename_is_in_place_and_undone() -> None:
    async with library_of(BRANCHED) as desk:
        await shows(desk, "Engines")
        await desk.press("f2")
        await desk.press("ctrl+a", "ctrl+k")
        await desk.type("Motors")
        await desk.press("enter")
        await shows(desk, "Motors")
        assert (await desk.store.conversation("engines")).title == "Motors"
        await desk.press("alt+u")
        await shows(desk, "Engines")
        await desk.press("f2", "x", "escape")
        assert library(desk).query_line.has_focus
        assert (await desk.store.conversation("engines")).title == "Engines"


async def test_delete_is_undone_at_once_and_from_the_trash() -> None:
    async with library_of(BRANCHED, more=2) as desk:
        await desk.type("engines")
        await shows(desk, "Conversations 1")
        await desk.press("f8")
        await shows(desk, "moved to the trash for 30 days", "Alt+U")
        await desk.press("alt+u")
        await shows(desk, "Conversations 1")
        await desk.press("f8")
        await shows_not(desk, "Conversations 1")
        await desk.press("escape", "f5", "f5")
        await shows(desk, "Trash 1", "Engines")
        await desk.press("f8")
        await shows(desk, "The trash is empty.")
        assert (await desk.store.conversation("engines")).deleted_at is None


async def test_undo_marks_the_conversations_again_and_takes_the_notice_away() -> None:
    async with library_of(more=3) as desk:
        await shows(desk, "Conversations 3")
        await desk.press("insert", "insert")
        await shows(desk, "2 selected")
        await desk.press("f8")
        await shows(desk, "2 conversations moved to the trash", "Conversations 1")
        await desk.press("alt+u")
        await shows(desk, "Conversations 3", "2 selected", "Undone.")
        assert "moved to the trash" not in screen_text(desk.app)


async def test_the_open_conversation_is_left_when_it_was_deleted() -> None:
    async with library_of(BRANCHED) as desk:
        await shows(desk, "Engines")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.id == "engines")
        await desk.press("ctrl+o")
        await shows(desk, "Conversations 1")
        await desk.press("f8")
        await shows(desk, "No conversations yet")
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.chat and not desk.conversation.turns)


async def test_archived_ones_lie_apart_and_come_back() -> None:
    async with library_of(BRANCHED) as desk:
        await shows(desk, "Engines")
        await desk.press("f3")
        await shows(desk, "No conversations yet")
        await desk.press("f5")
        await shows(desk, "Archived 1", "Engines")
        await desk.press("f3", "f5", "f5")
        await shows(desk, "Conversations 1", "Engines")


async def test_keep_here_key_keeps_a_conversation_on_this_machine_and_shares_it_again() -> None:
    async with library_of(BRANCHED) as desk:
        await shows(desk, "Engines")
        await desk.press("f6")
        await shows(desk, "“Engines” kept on this machine", "⌂ Engines")
        assert (await desk.store.summary("engines")).kept_here
        await desk.press("alt+u")
        await shows(desk, "Undone")
        assert not (await desk.store.summary("engines")).kept_here
        await desk.press("f6", "alt+k")
        await shows(desk, "“Engines” shared with your other machines")
        assert not (await desk.store.summary("engines")).kept_here


async def test_keep_here_key_reports_a_conversation_that_has_left_already() -> None:
    async with library_of(BRANCHED) as desk:
        await shows(desk, "Engines")
        replica = desk.store.replica
        await replica.start("space", b"8 bytes.")
        await replica.share_some()
        assert await replica.outgoing(None, purges=False, most_bytes=1_000_000)
        await desk.press("f6")
        await shows(desk, "“Engines” on your other machines already")
        assert not (await desk.store.summary("engines")).kept_here


async def test_what_is_marked_is_meant_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with library_of(more=5) as desk:
        await shows(desk, "Title 4")
        await desk.press("alt+m", "alt+m")
        await shows(desk, "2 selected", "✓ Title 4", "✓ Title 3")
        await desk.press("f4")
        await shows(desk, "Export 2 conversations as")
        await desk.press("enter")
        await shows(desk, "2 files")
        assert len(list(tmp_path.glob("Title-*.md"))) == 2
        await desk.press("f8")
        await shows(desk, "2 conversations moved to the trash", "Conversations 3")
        await desk.press("alt+u")
        await shows(desk, "Conversations 5")


async def test_a_wide_window_shows_what_is_in_it_and_a_narrow_one_only_the_list() -> None:
    async with library_of(BRANCHED, size=(140, 30)) as desk:
        await shows(desk, "speaks of pistons")
        await desk.pilot.resize_terminal(80, 24)
        await shows_not(desk, "speaks of pistons")
        await shows(desk, "Engines")


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24), (200, 50)])
async def test_every_size_of_window_shows_the_list_and_the_keys(size: tuple[int, int]) -> None:
    async with library_of(BRANCHED, more=30, size=size) as desk:
        await shows(desk, "Engines", "Enter open")
        assert all(len(row) <= size[0] for row in screen_rows(desk.app))


async def test_what_another_copy_writes_appears_and_the_cursor_stays_on_its_conversation() -> None:
    async with library_of(more=3) as desk:
        await shows(desk, "Title 2")
        await desk.press("down")
        here = library(desk).target
        await desk.store.save(replace(made(9), title="Brand new"))
        await shows(desk, "Brand new", "Conversations 4")
        assert library(desk).target == here


async def test_a_change_that_could_not_be_read_is_shown_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp = "before"
    monkeypatch.setattr(library_screen, "file_stamp", lambda path: stamp)
    monkeypatch.setattr(library_screen, "CHECK_EVERY_S", 0.02)
    store = await Store.open(tmp_path / "conversations.db")
    await store.save(made(1))
    failures = [StorageError("busy", detail="locked")]
    read = store.changes

    async def changes() -> tuple[int, int]:
        if stamp == "after" and failures:
            raise failures.pop()
        return await read()

    async with desk_with(store=store) as desk:
        await desk.press("ctrl+o")
        await shows(desk, "Title 1")
        await desk.until(lambda: library(desk)._stamp == "before")
        monkeypatch.setattr(store, "changes", changes)
        await store.save(replace(made(9), title="Brand new"))
        stamp = "after"
        await shows(desk, "Brand new")
        assert not failures
    await store.aclose()


async def test_nothing_is_asked_of_any_provider_and_no_connection_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    async with library_of(BRANCHED, more=20, size=(140, 30)) as desk:
        await desk.type("pistons")
        await shows(desk, "All messages")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.id == "engines")
        provider = desk.provider
        assert isinstance(provider, NoProvider) and provider.asked == 0


async def test_an_empty_library_and_a_search_without_an_answer_say_so() -> None:
    async with library_of() as desk:
        await shows(desk, "No conversations yet")
        await desk.press("enter", "f2", "f3", "f4", "f8", "alt+m", "ctrl+end", "pagedown")
        await desk.type("zebra")
        await shows(desk, "No matching titles or messages.")
        await desk.press("escape")
        await shows(desk, "No conversations yet")
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.chat)


async def test_titles_that_would_steer_a_terminal_or_a_markup_are_shown_harmless() -> None:
    hostile = replace(made(1), title="[bold]x[/] \x1b]0;t\x07 [@click=app.quit]y[/]")
    async with library_of(hostile, size=(140, 30)) as desk:
        await shows(desk, "[bold]x[/]", "[@click=app.quit]y[/]")
        await desk.press("alt+x")
        await shows(desk, "to the trash")
        assert "\x1b" not in screen_text(desk.app)


async def test_nothing_is_left_of_a_library_that_was_left() -> None:
    async with library_of(BRANCHED, more=5, size=(140, 30)) as desk:
        left = ref(desk.app.screen)
        await desk.press("escape")
        await desk.press("ctrl+o", "escape")
        async with asyncio.timeout(10):
            while left() is not None:
                await desk.pilot.pause(0.05)
                gc.collect()


@pytest.mark.parametrize("width", [60, 80, 140])
async def test_the_columns_stand_under_their_names_also_where_the_first_shelf_was_empty(width: int) -> None:
    async with library_of(size=(width, 20)) as desk:
        await shows(desk, "No conversations yet")
        # At once: with a look between them the cursor would stay where it is, and the newest be above the window.
        await desk.store.save_all([made(number) for number in range(40)])
        await shows(desk, "Title 39", "last used")
        name, *rows = [row for row in screen_rows(desk.app) if "last used" in row or "Title" in row]
        ends = {row[: name.index("last used") + len("last used") + 1].rstrip(" ▁") for row in rows}
        assert {len(row) for row in ends} == {name.index("last used") + len("last used")}


async def test_a_pin_brings_a_conversation_to_the_top_and_is_undone() -> None:
    async with library_of(more=5) as desk:
        await shows(desk, "Title 4", "Title 0")
        await desk.press("ctrl+end", "alt+p")
        await shows(desk, "Pinned", "“Title 0” pinned")
        rows = [row for row in screen_rows(desk.app) if "Title" in row and "“" not in row]
        assert "Title 0" in rows[0]
        await desk.press("alt+u")
        await desk.until(lambda: "Pinned" not in screen_text(desk.app))


async def test_tags_are_typed_shown_and_searched() -> None:
    async with library_of(more=5) as desk:
        await shows(desk, "Title 4")
        await desk.press("alt+t")
        await desk.type("Work later")
        await desk.press("enter")
        await shows(desk, "#work", "#later")
        await desk.type("tag:work")
        await shows(desk, "Conversations 1")
        assert "Title 3" not in screen_text(desk.app)


async def test_the_cursor_passes_over_headings() -> None:
    async with library_of(more=3) as desk:
        await shows(desk, "Title 2")
        listed = desk.app.screen.query_one(VirtualList)
        assert listed.cursor == 1
        await desk.press("up")
        assert listed.cursor == 1
        await desk.press("ctrl+end", "ctrl+home")
        assert listed.cursor == 1


async def test_a_library_that_is_closed_right_after_a_resize_shows_no_more_labels() -> None:
    async with library_of(BRANCHED) as desk:
        closed = library(desk)
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.chat and not closed.children)
        closed._show_labels()


async def test_the_library_and_the_help_open_without_parsing_sheets_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk_with() as desk:
        parsed = 0
        reparse = Stylesheet.reparse

        def counted(sheet: Stylesheet) -> None:
            nonlocal parsed
            parsed += 1
            reparse(sheet)

        monkeypatch.setattr(Stylesheet, "reparse", counted)
        await desk.press("ctrl+o")
        await shows(desk, "No conversations")
        await desk.press("escape", "f1")
        await shows(desk, "Send; queues the prompt")
        assert parsed == 0


async def test_the_widgets_of_the_library_are_styled_once_when_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    styled: list[LibraryScreen] = []
    monkeypatch.setattr(LibraryScreen, "update_node_styles", lambda screen, animate=True: styled.append(screen))
    async with library_of(BRANCHED) as desk:
        await shows(desk, "Engines")
        assert not styled, "they were styled as they were mounted"
