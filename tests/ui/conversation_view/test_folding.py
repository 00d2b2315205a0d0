"""Folding and unfolding blocks, without a widget."""

from tests.ui.conversation_view.layouts import layout_options
from tests.ui.turns import conversation, prompt, reply, thinking
from tui_chat.ui.conversation_view.branch_entries import BranchEntries
from tui_chat.ui.conversation_view.folding import Folding
from tui_chat.ui.conversation_view.viewport import Viewport


def folding_of(viewport: Viewport) -> Folding:
    viewport.height = 30
    shown = conversation(prompt(0, "hello"), reply(1, thinking(4), "answer"))
    viewport.show(BranchEntries(shown))
    return Folding(viewport, viewport.relayout, lambda: None)


def visible(viewport: Viewport) -> int:
    return len(viewport.rows())


def test_thinking_of_the_visible_turn_is_unfolded_and_folded() -> None:
    viewport = Viewport(layout_options())
    folding = folding_of(viewport)
    folded = visible(viewport)
    folding.toggle_visible_turn()
    assert visible(viewport) > folded
    folding.toggle_visible_turn()
    assert visible(viewport) == folded


def test_unfolding_all_overrides_what_was_folded_by_hand() -> None:
    viewport = Viewport(layout_options())
    folding = folding_of(viewport)
    folded = visible(viewport)
    folding.toggle(1, 1)
    folding.toggle(1, 1)
    folding.toggle_all()
    assert visible(viewport) > folded
    folding.toggle_all()
    assert visible(viewport) == folded
