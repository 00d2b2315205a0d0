"""Tokens of replies whose provider has reported none yet, or never will."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.builder import TurnBuilder
from tui_chat.core.estimated_tokens import RunningUsage, context_tokens, learned_ratio, part_tokens
from tui_chat.core.event import Stopped, TextDelta, ThinkingDelta, ToolCallDelta, UsageReported
from tui_chat.core.part import AttachmentPart, Opaque, TextPart, ThinkingPart, ToolResultPart
from tui_chat.core.provider import Request
from tui_chat.core.text_tokens import rough_tokens
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PROSE = "The harbour lay quiet under a low grey sky, and nobody spoke for a while. " * 10


def prompt(text: str = PROSE) -> Turn:
    return Turn("p", None, Role.USER, (TextPart(text),), TurnStatus.COMPLETE, NOW)


def reply(usage: Usage | None = None, text: str = PROSE, thinking: ThinkingPart | None = None) -> Turn:
    parts = (*((thinking,) if thinking else ()), TextPart(text))
    return Turn("r", "p", Role.ASSISTANT, parts, TurnStatus.COMPLETE, NOW, "a/b", usage)


def request(*turns: Turn) -> Request:
    return Request("b", turns or (prompt(),))


def builder() -> TurnBuilder:
    return TurnBuilder(replace(reply(), parts=(), status=TurnStatus.STREAMING))


def test_a_finished_reply_keeps_its_provider_s_figures() -> None:
    live, final_usage = builder(), Usage(10, output_tokens=3)
    for event in (
        UsageReported(Usage(10, output_tokens=1)),
        TextDelta(PROSE),
        UsageReported(final_usage),
        Stopped("end"),
    ):
        live.add(event)
    assert RunningUsage(request()).of(live) is final_usage


def test_a_cancelled_reply_keeps_its_known_input_and_estimates_its_output() -> None:
    live = builder()
    live.add(UsageReported(Usage(10, 2000, 30, output_tokens=1)))
    live.add(TextDelta(PROSE))
    usage = RunningUsage(request()).of(live)
    assert usage == Usage(10, 2000, 30, output_tokens=round(rough_tokens(PROSE)), estimated=True)


def test_a_failed_reply_keeps_the_final_usage_that_came_with_the_error() -> None:
    live, reported = builder(), Usage(10, output_tokens=3, billed_usd=Decimal("0.25"))
    for event in (TextDelta(PROSE), UsageReported(reported, is_final=True)):
        live.add(event)
    assert RunningUsage(request()).of(live) is reported


def test_a_cut_reply_without_any_figures_is_estimated_on_both_sides() -> None:
    live = builder()
    live.add(TextDelta("Half a sen"))
    usage = RunningUsage(request()).of(live)
    assert usage is not None and usage.estimated
    assert usage.input_tokens == context_tokens((prompt(),)) > 100
    assert usage.output_tokens == round(rough_tokens("Half a sen")) > 0


def test_a_finished_reply_of_a_server_that_reports_nothing_is_estimated() -> None:
    live = builder()
    for event in (TextDelta(PROSE), Stopped("stop")):
        live.add(event)
    usage = RunningUsage(request()).of(live)
    assert usage is not None and usage.estimated and usage.output_tokens > 100


def test_zeros_reported_for_a_reply_full_of_text_are_not_believed() -> None:
    live = builder()
    for event in (TextDelta(PROSE), UsageReported(Usage()), Stopped("stop")):
        live.add(event)
    usage = RunningUsage(request()).of(live)
    assert usage is not None and usage.estimated and usage.output_tokens > 100


def test_nothing_to_go_by_is_no_usage_at_all() -> None:
    assert RunningUsage(request()).of(builder()) is None


def test_an_empty_reply_that_ended_well_keeps_its_figures() -> None:
    live, final_usage = builder(), Usage(10)
    for event in (UsageReported(final_usage), Stopped("end_turn")):
        live.add(event)
    assert RunningUsage(request()).of(live) is final_usage


def test_thinking_and_arguments_count_as_output() -> None:
    live = builder()
    for event in (ThinkingDelta(PROSE), ToolCallDelta("1", "find", '{"q": "harbour"}')):
        live.add(event)
    usage = RunningUsage(request()).of(live)
    assert usage is not None and usage.output_tokens == round(rough_tokens(PROSE) + rough_tokens('{"q": "harbour"}'))


@given(st.lists(st.text(min_size=1), max_size=20), st.integers(0, 50))
def test_running_figures_never_fall_and_settle_on_the_truth(pieces: list[str], early_count: int) -> None:
    live, running = builder(), RunningUsage(request())
    live.add(UsageReported(Usage(7, output_tokens=early_count)))
    last = 0
    for piece in pieces:
        live.add(TextDelta(piece))
        usage = running.of(live)
        assert usage is not None and usage.estimated and usage.output_tokens >= last
        last = usage.output_tokens
    true = Usage(7, output_tokens=max(1, last // 2))
    live.add(UsageReported(true))
    live.add(Stopped("end"))
    assert running.of(live) == true


def test_an_estimate_is_never_taken_for_what_was_billed() -> None:
    live = builder()
    live.add(UsageReported(Usage(10, output_tokens=1, billed_usd=Decimal(1))))
    live.add(TextDelta(PROSE))
    usage = RunningUsage(request()).of(live)
    assert usage is not None and usage.billed_usd is None


def test_the_last_true_count_corrects_the_estimate() -> None:
    true = Usage(100, output_tokens=round(rough_tokens(PROSE) * 1.5))
    assert learned_ratio((prompt(), reply(true))) == pytest.approx(1.5, abs=0.01)
    live = builder()
    live.add(TextDelta(PROSE))
    usage = RunningUsage(request(prompt(), reply(true), prompt())).of(live)
    assert usage is not None and usage.output_tokens == pytest.approx(rough_tokens(PROSE) * 1.5, abs=1)


@pytest.mark.parametrize(
    "turn",
    [
        reply(Usage(1, output_tokens=9000, estimated=True)),
        reply(None),
        reply(Usage(1, output_tokens=9000), text="short"),
        reply(Usage(1, output_tokens=9000), thinking=ThinkingPart("")),
    ],
    ids=["estimated", "unknown", "too short", "thinking not separate"],
)
def test_nothing_is_learned_from_replies_without_counts(turn: Turn) -> None:
    assert learned_ratio((prompt(), turn)) == 1.0


def test_thinking_counted_apart_is_left_out_of_what_is_learned() -> None:
    true = Usage(1, output_tokens=round(rough_tokens(PROSE)) + 5000, thinking_tokens=5000)
    assert learned_ratio((prompt(), reply(true, thinking=ThinkingPart("hm")))) == pytest.approx(1.0, abs=0.01)


def test_the_context_goes_on_from_the_last_true_count() -> None:
    answer = reply(Usage(50, 900, 50, output_tokens=200))
    assert context_tokens((prompt(), answer)) == 1200
    after = context_tokens((prompt(), answer, prompt("And then?")), ratio=1.0)
    assert 1200 < after < 1220


def test_thinking_stays_in_the_context_only_where_it_is_sent_back() -> None:
    usage = Usage(1000, output_tokens=300, thinking_tokens=200)
    assert context_tokens((prompt(), reply(usage, thinking=ThinkingPart("hm")))) == 1100
    kept = ThinkingPart("hm", Opaque("anthropic", "{}"))
    assert context_tokens((prompt(), reply(usage, thinking=kept))) == 1300


def test_without_any_true_count_everything_is_estimated() -> None:
    whole = context_tokens((prompt(), reply(), prompt()), "Be brief. " * 100)
    assert whole == pytest.approx(3 * rough_tokens(PROSE) + rough_tokens("Be brief. " * 100) + 12, abs=1)


def test_an_attachment_counts_by_its_kind() -> None:
    image = AttachmentPart("a.png", "image/png", sha256="0" * 64, size=9, pixels=(560, 280))
    assert part_tokens(image) == part_tokens(image, ratio=2.0) == 200
    assert part_tokens(AttachmentPart("a.png", "image/png", b"\x89PNG")) == 1568
    assert part_tokens(AttachmentPart("a.pdf", "application/pdf", b"%PDF", pages=2)) == 2 * (2000 + 1568)
    assert part_tokens(AttachmentPart("a.md", "text/markdown", PROSE.encode())) > rough_tokens(PROSE)
    assert part_tokens(ToolResultPart("1", PROSE)) == rough_tokens(PROSE)
