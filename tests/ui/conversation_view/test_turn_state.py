"""The block below a reply that did not end well: one form, whole in every window; and every figure on demand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.service.conftest import HELLO
from tests.ui.conftest import desk_with
from tests.ui.conversation_view.layouts import layout_options
from tests.ui.screen import screen_text
from tests.ui.turns import prompt, reply
from tui_chat.core.error import Fault, RateLimited
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.core.usage import Cost, Usage
from tui_chat.rendering.styles import DARK
from tui_chat.ui.conversation_view import turn_state
from tui_chat.ui.conversation_view.blocks import Block
from tui_chat.ui.conversation_view.layout_options import LayoutOptions, Note

STEP = "Set it again, choose another model (F3), or see `tui-chat doctor`."
SHOWN = STEP.replace("`", "")
CAUSE = "The provider rejected the API key."


def failed(message: str, request_id: str | None = None, **more: object) -> Turn:
    fault = replace(Fault("key_rejected", message, request_id), **more)  # type: ignore[arg-type]
    return replace(reply(1, "", model="anthropic/claude"), status=TurnStatus.FAILED, fault=fault)


def options(width: int) -> LayoutOptions:
    keys = {"reply.details": "Alt+I"}
    return replace(layout_options(width), describe=lambda _: (CAUSE, STEP), key_label=lambda id: keys.get(id, ""))


def block(turn: Turn, width: int = 80, note: Note | None = None, *, has_details: bool = False) -> Block:
    return turn_state.state(turn, note, options(width), has_details=has_details)


def rows(turn: Turn, width: int = 80, note: Note | None = None, *, has_details: bool = False) -> list[str]:
    return [line.strip.text.rstrip() for line in block(turn, width, note, has_details=has_details).lines]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_nothing_of_the_next_step_is_cut_off(width: int) -> None:
    shown = rows(failed("invalid bearer token", "req_1"), width)
    assert all(len(row) <= width for row in shown)
    assert " ".join(shown).endswith(f"{SHOWN} Alt+I shows the details.") and "…" not in "".join(shown)


def test_an_error_is_cause_message_facts_and_steps_with_one_bar() -> None:
    turn = failed("slow down", "req_1", attempts=3, retry_after_s=7.0)
    assert rows(turn, 120) == [
        "The provider rejected the API key · anthropic",
        "Slow down",
        "Retry after 7 s · tried 3 times · request req_1",
        f"{SHOWN} Alt+I shows the details.",
    ]
    shown = block(turn, 120)
    assert [shown.bar_at(row) for row in range(shown.rows)] == ["", *["error"] * 4]


@pytest.mark.parametrize("width", [20, 80])
def test_a_command_in_the_next_step_has_the_style_of_code(width: int) -> None:
    code = [one.text for line in block(failed(""), width).lines for one in line.segments if one.style == DARK.code]
    assert " ".join(" ".join(code).split()) == "tui-chat doctor"


def test_an_error_of_our_own_names_no_provider() -> None:
    turn = replace(failed(""), fault=Fault("storage", "the disk is full"))
    assert rows(turn)[0] == CAUSE.removesuffix(".")


def test_the_message_of_the_provider_is_kept_short_and_clean() -> None:
    assert len(rows(failed("word " * 500), 120)) == 5
    assert "\x1b" not in "".join(rows(failed("\x1b[31mred")))


def test_a_stopped_reply_takes_one_row_where_it_fits() -> None:
    turn = replace(reply(1, "half"), status=TurnStatus.CANCELLED)
    assert rows(turn, 200) == [f"{CAUSE}  {SHOWN}"]
    shown = block(turn, 200)
    assert shown.bar_at(shown.gap) == "warning"


def test_a_pause_is_reported_in_the_colour_of_waiting() -> None:
    live = replace(reply(1, ""), status=TurnStatus.STREAMING)
    (line,) = block(live, note=Note("Rate limited by the provider.", "Attempt 2 follows.")).lines
    assert next(iter(line.strip)).style == DARK.warning


def test_a_message_in_the_same_words_is_shown_once() -> None:
    assert len(rows(failed("the provider rejected the API key"), 120)) == 2


def test_details_have_every_figure_of_a_reply() -> None:
    usage = Usage(1_234, cache_read_tokens=500, output_tokens=100, thinking_tokens=20)
    turn = replace(
        reply(1, "x", model="anthropic/claude", usage=usage, cost=Cost(Decimal("0.0123"), price=None)),
        ttft_ms=400,
        duration_ms=2_400,
        stop_reason="end_turn",
        request_id="req_7",
    )
    shown = "\n".join(rows(turn, has_details=True))
    for figure in (
        "model        anthropic/claude",
        "first token after 0.4s, whole reply 2.4s, 50 tok/s",
        "in 1.23k, cached 500, out 100, thinking 20",
        "cost         $0.0123",
        "complete · end_turn",
        "request      req_7",
    ):
        assert figure in shown


def test_details_have_the_whole_message_and_nothing_made_up() -> None:
    shown = rows(failed("word " * 100, status=401), has_details=True)
    assert sum("word" in row for row in shown) > 3 + 3
    assert "tokens       unknown" in shown and "cost         unknown" in shown
    assert any("key_rejected · status 401" in row for row in shown)
    assert rows(prompt(0, "hi"), has_details=True)[-1].startswith("time ")


async def test_a_key_shows_the_details_from_the_prompt_and_in_reading_mode() -> None:
    limited = (RateLimited("slow down", retry_after_s=3600, status=429, request_id="req_9"),)
    async with desk_with(limited, HELLO) as desk:
        await desk.ask("hi")
        await desk.until(lambda: "Retry after 60 min · request req_9" in screen_text(desk.app))
        assert "rate_limited" not in screen_text(desk.app)
        await desk.press("alt+i")
        await desk.until(lambda: "rate_limited · status 429" in screen_text(desk.app))
        assert desk.chat.prompt.has_focus
        await desk.press("alt+i")
        await desk.until(lambda: "rate_limited" not in screen_text(desk.app))
        desk.chat.pane.focus()
        await desk.press("d")
        await desk.until(lambda: "rate_limited · status 429" in screen_text(desk.app))
