"""The offline model: deterministic, honest about usage, and able to play every trouble."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from tests.providers.contract import text_of
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.conversation import Options
from tui_chat.core.error import (
    KeyRejected,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestRefused,
    StreamCut,
    Unreachable,
)
from tui_chat.core.event import ProviderEvent, SignOfLife, Stopped, TextDelta, ThinkingDelta, UsageReported
from tui_chat.core.part import TextPart
from tui_chat.core.provider import Provider, Request
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.providers.demo.long_reply import endless_markdown
from tui_chat.providers.demo.provider import DemoProvider
from tui_chat.providers.demo.scenes import pieces
from tui_chat.providers.demo.tour import KEYS, PAGES

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def turn(role: Role, text: str, turn_id: str = "t") -> Turn:
    return Turn(turn_id, None, role, (TextPart(text),) if text else (), TurnStatus.COMPLETE, NOW)


def ask(*texts: str, **options: object) -> Request:
    """A request whose turns alternate, the user's first."""
    roles = (Role.USER, Role.ASSISTANT)
    turns = tuple(turn(roles[at % 2], text, f"t{at}") for at, text in enumerate(texts))
    return Request("tour", turns, options=Options(**options))  # type: ignore[arg-type]


async def played(request: Request, provider: Provider | None = None) -> list[ProviderEvent]:
    provider = provider or DemoProvider(pace=0)
    return [event async for event in provider.stream(request)]


def built(request: Request, events: list[ProviderEvent]) -> Turn:
    last = request.turns[-1]
    builder = TurnBuilder(last if last.role is Role.ASSISTANT else turn(Role.ASSISTANT, ""))
    for event in events:
        builder.add(event)
    return builder.turn


async def test_anything_asked_is_answered_with_the_tour_page_by_page() -> None:
    assert text_of(await played(ask("hello"))) == PAGES[0]
    assert text_of(await played(ask("hello", "…", "and?"))) == PAGES[1]
    assert text_of(await played(ask("hello", "…", "and?", "…", "and?"))) == PAGES[2]


def test_the_tour_names_every_key_it_knows_from_one_table() -> None:
    tour = "".join(PAGES)
    assert all(f"`{key}`" in tour for key in KEYS.values())


@pytest.mark.parametrize("prompt", ["hello", "code", "table", "unicode", "thinking", "long 700"])
async def test_the_same_prompt_is_answered_the_same(prompt: str) -> None:
    first, second = await played(ask(prompt)), await played(ask(prompt))
    assert first == second
    assert first[-1] == Stopped("end_turn")
    assert len(text_of(first)) > 100


async def test_a_case_or_a_colon_after_the_word_changes_nothing() -> None:
    assert text_of(await played(ask("Code: please"))) == text_of(await played(ask("code")))


async def test_long_plays_exactly_so_many_tokens() -> None:
    events = await played(ask("long 5000"))
    assert sum(isinstance(event, TextDelta) for event in events) == 5000
    usage = next(event.usage for event in reversed(events) if isinstance(event, UsageReported))
    assert usage.output_tokens == 5000


def test_long_text_is_varied_markdown() -> None:
    blocks = endless_markdown()
    text = "".join(next(blocks) for _ in range(400))
    for sign in ("```python", "```rust", "\n| what |", "\n  - ", "\n> ", "\n1. ", "日本語", "https://", "**"):
        assert sign in text, sign


@pytest.mark.parametrize("text", [*PAGES, "a  b\n\n  c\t\n", "👨‍👩‍👧 e\u0301 日本語\r\n", " ", ""])
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


async def test_thinking_comes_first_and_is_counted_within_the_output() -> None:
    events = await played(ask("thinking"))
    kinds = [type(event) for event in events if isinstance(event, TextDelta | ThinkingDelta)]
    assert kinds == sorted(kinds, key=lambda kind: kind is TextDelta)
    usage = next(event.usage for event in reversed(events) if isinstance(event, UsageReported))
    assert usage.thinking_tokens == kinds.count(ThinkingDelta) > 0
    assert usage.output_tokens == len(kinds)


async def test_the_thinking_switch_is_obeyed() -> None:
    assert built(ask("x"), await played(ask("code", thinking=True))).thinking
    assert not built(ask("x"), await played(ask("thinking", thinking=False))).thinking


@pytest.mark.parametrize(
    ("prompt", "kind", "detail"),
    [
        ("error", Overloaded, ""),
        ("error nonsense", Overloaded, ""),
        ("error 400", RequestRefused, "bad_request"),
        ("error 401", KeyRejected, "rejected"),
        ("error 403", KeyRejected, "forbidden"),
        ("error 404", RequestRefused, "no_such_model"),
        ("error 413", RequestRefused, "too_long"),
        ("error 429", RateLimited, ""),
        ("error quota", RateLimited, "quota"),
        ("error wait", RateLimited, ""),
        ("error 500", Overloaded, ""),
        ("error dns", Unreachable, "dns"),
        ("error refused", Unreachable, "refused"),
        ("error tls", Unreachable, "tls"),
        ("error proxy", Unreachable, "proxy"),
        ("error timeout", Unreachable, "timeout"),
        ("error key", KeyRejected, "no_key"),
    ],
)
async def test_error_plays_each_kind_of_trouble(prompt: str, kind: type[ProviderError], detail: str) -> None:
    with pytest.raises(kind) as raised:
        await played(ask(prompt))
    assert raised.value.detail == detail
    assert raised.value.message


async def test_flaky_fails_twice_for_each_prompt_and_then_answers() -> None:
    provider = DemoProvider(pace=0)
    for request in (ask("flaky"), ask("flaky", "…", "flaky")):
        for _ in range(2):
            with pytest.raises(Overloaded) as raised:
                await played(request, provider)
            assert raised.value.retryable
        assert text_of(await played(request, provider))
        assert text_of(await played(request, provider))


async def test_cut_breaks_off_in_the_middle_and_goes_on_from_there() -> None:
    request = ask("cut")
    events: list[ProviderEvent] = []
    with pytest.raises(StreamCut) as raised:
        async for event in DemoProvider(pace=0).stream(request):
            events.append(event)
    assert raised.value.detail == "dropped"
    half = text_of(events)
    assert half
    rest = text_of(await played(ask("cut", half)))
    assert half + rest == text_of(await played(ask("table")))


@pytest.mark.parametrize("prompt", ["hello", "long 400", "unicode", "thinking"])
@pytest.mark.parametrize("at", [1, 57, 203])
async def test_a_continued_reply_goes_on_at_the_very_character(prompt: str, at: int) -> None:
    whole = text_of(await played(ask(prompt)))
    request = ask(prompt, whole[:at])
    reply = built(request, await played(request))
    assert reply.text == whole
    assert len([part for part in reply.parts if isinstance(part, TextPart)]) == 1


async def test_a_reply_cut_at_max_tokens_reports_it_and_can_be_continued() -> None:
    whole = text_of(await played(ask("code")))
    events = await played(ask("code", max_tokens=20))
    assert events[-1] == Stopped("max_tokens")
    usage = next(event.usage for event in reversed(events) if isinstance(event, UsageReported))
    assert usage.output_tokens == 20
    assert whole == text_of(events) + text_of(await played(ask("code", text_of(events))))


async def test_a_later_turn_reads_from_the_cache_what_the_one_before_sent() -> None:
    async def usage(*texts: str):  # type: ignore[no-untyped-def]
        return next(event.usage for event in await played(ask(*texts)) if isinstance(event, UsageReported))

    first = await usage("what is a tree?")
    second = await usage("what is a tree?", "A tree is …", "and a forest?")
    assert first.cache_read_tokens == 0
    assert second.cache_read_tokens == first.total_input_tokens - first.input_tokens
    assert second.cache_write_5m_tokens > 0


async def test_usage_and_counting_agree() -> None:
    request = ask("what is a tree?", "A tree is …", "and a forest?")
    usage = next(event.usage for event in await played(request) if isinstance(event, UsageReported))
    assert await DemoProvider().count_tokens(request) == usage.total_input_tokens


async def test_another_model_or_an_empty_request_is_refused() -> None:
    with pytest.raises(RequestRefused) as raised:
        await played(Request("unknown", (turn(Role.USER, "x"),)))
    assert raised.value.detail == "no_such_model"
    with pytest.raises(RequestRefused):
        await played(Request("tour", (turn(Role.ASSISTANT, "x"),)))


async def test_a_script_is_played_step_by_step_and_the_last_one_is_repeated() -> None:
    gate = asyncio.Event()
    error = Overloaded("busy")
    provider = DemoProvider.playing([error], [TextDelta("a"), gate, TextDelta("b"), 0.01, Stopped("end_turn")])
    with pytest.raises(Overloaded):
        await played(ask("x"), provider)
    stream = provider.stream(ask("x"))
    assert await anext(stream) == TextDelta("a")
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    assert await waiting == TextDelta("b")
    assert [event async for event in stream] == [Stopped("end_turn")]
    assert len(await played(ask("y"), provider)) == 3
    assert [request.turns[0].text for request in provider.requests] == ["x", "x", "y"]


async def test_a_stream_closed_or_cancelled_by_its_reader_is_counted() -> None:
    provider = DemoProvider.playing([TextDelta("a"), asyncio.Event()])
    stream = provider.stream(ask("x"))
    await anext(stream)
    await stream.aclose()
    assert provider.closed_early == 1
    task = asyncio.create_task(played(ask("x"), provider))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert provider.closed_early == 2


async def test_other_tasks_run_while_it_plays_as_fast_as_it_can() -> None:
    turns = 0

    async def beat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(beat())
    await played(ask("long 500"))
    task.cancel()
    assert turns > 400


async def test_the_human_pace_is_about_a_hundred_tokens_a_second() -> None:
    times: list[float] = []
    async for event in DemoProvider(pace=0.1).stream(ask("long 200")):
        if isinstance(event, TextDelta):
            times.append(time.monotonic())
    rate = (len(times) - 1) / (times[-1] - times[0])
    assert 200 < rate < 1100


async def test_it_offers_one_model_that_it_can_continue() -> None:
    provider = DemoProvider()
    [model] = await provider.models()
    assert model.ref == "demo/tour"
    assert provider.can_continue("tour")
    assert not any(isinstance(event, SignOfLife) for event in await played(ask("x")))
    await provider.aclose()
