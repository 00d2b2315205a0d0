"""The list of keys reads well in a small window, is searched by typing, and begins where one stands."""

from textual.geometry import Size

from tests.ui.conftest import desk_with
from tests.ui.screen import screen_text
from tui_chat.ui.dialogs.help import _wrapped_keys


async def test_in_a_small_window_keys_leave_room_for_what_they_do() -> None:
    async with desk_with(size=(60, 20)) as desk:
        await desk.press("f1")
        shown = screen_text(desk.app)
        assert "Ctrl+J" in shown and "Shift+Enter" in shown and "Ctrl+J Shift+Enter" not in shown
        rows = [row for row in shown.splitlines() if "queues the" in row or "Complete, expand" in row]
        assert rows and all(len(row.rstrip()) > 40 for row in rows)
        assert desk.app.size == Size(60, 20)


async def test_it_begins_with_the_keys_of_where_one_stands_and_is_searched() -> None:
    async with desk_with() as desk:
        await desk.press("f1")
        shown = screen_text(desk.app)
        assert shown.index("Prompt\n") if "Prompt\n" in shown else shown.index("Prompt ") < shown.index("Everywhere")
        await desk.type("telegraph")
        await desk.until(lambda: "No matches." in screen_text(desk.app))
        await desk.press(*["backspace"] * len("telegraph"))
        await desk.type("tree")
        await desk.until(lambda: "Show the conversation tree." in screen_text(desk.app))
        assert "In the prompt" not in screen_text(desk.app)


def test_several_keys_for_one_thing_take_as_many_rows_as_they_need() -> None:
    assert _wrapped_keys("Ctrl+J Shift+Enter", 20) == ["Ctrl+J Shift+Enter"]
    assert _wrapped_keys("Ctrl+J Shift+Enter", 12) == ["Ctrl+J", "Shift+Enter"]
    assert _wrapped_keys("/export [FILE]", 9) == ["/export", "[FILE]"]
