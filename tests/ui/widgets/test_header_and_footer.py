"""The lines around a conversation in each state, at every width: header, sign of reading mode, and footer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import NamedTuple

import pytest
from textual.app import App, ComposeResult

from tests.ui.turns import conversation, prompt, reply
from tui_chat.core.budget import Limit, Span, Spending, Standing
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import Overloaded, StorageError
from tui_chat.core.event import RetryScheduled, TextDelta, TurnStarted, UsageChanged
from tui_chat.core.prompt_forecast import ContextUse
from tui_chat.core.text_width import text_width
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import Cost, Usage
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.widgets.conversation_header import TEMPORARY, ConversationHeader
from tui_chat.ui.widgets.notice_line import NoticeLine
from tui_chat.ui.widgets.status_footer import StatusFooter

KEYS = Keyboard({})
MODEL = "anthropic/claude-sonnet-5-5"
USAGE = Usage(1_200, 3_000, output_tokens=600)
COST = Cost(Decimal("0.0213"))
COMING = reply(3, status=TurnStatus.STREAMING, model=MODEL)


def talk(*, cost: Cost | None = COST, branches: int = 1) -> Conversation:
    answer = reply(1, "An answer.", model=MODEL, usage=USAGE, cost=cost)
    others = [replace(answer, id=f"other-{number}") for number in range(1, branches)]
    shown = conversation(prompt(0, "A question"), *others, answer)
    return replace(shown, model=MODEL, title="Review my rate limiter design")


class Lines(NamedTuple):
    """The three widgets."""

    header: ConversationHeader
    notices: NoticeLine
    footer: StatusFooter

    def show(self, shown: Conversation, profile: str = "rust") -> None:
        self.header.show_conversation(shown, profile)
        self.footer.show_conversation(shown)
        self.show_context(ContextUse(76_000, 200_000))

    def show_context(self, context: ContextUse) -> None:
        self.header.show_context(context)
        self.footer.show_context(context)

    def at(self, width: int, *, has_header: bool = True) -> list[str]:
        """The lines as plain text, without those that are not shown."""
        self.footer.has_header = has_header
        header = [self.header.line(width).plain] if has_header else []
        return [*header, self.notices.line(width).plain, self.footer.line(width).plain]


def idle(lines: Lines) -> None:
    lines.show(talk())


def waiting(lines: Lines) -> None:
    idle(lines)
    lines.footer.apply(TurnStarted("c", COMING))


def streaming(lines: Lines) -> None:
    waiting(lines)
    lines.footer.apply(TextDelta("So"))
    usage = Usage(1_200, 3_000, output_tokens=84, estimated=True)
    lines.footer.apply(UsageChanged(usage, Cost(Decimal("0.0049"), True)))


def retrying(lines: Lines) -> None:
    waiting(lines)
    lines.footer.apply(RetryScheduled(2, 4.0, Overloaded()))


def reading(lines: Lines) -> None:
    idle(lines)
    lines.notices.show_reading(True)
    lines.footer.show_reading(True)


def unknown_price(lines: Lines) -> None:
    lines.show(talk(cost=None))


def several_branches(lines: Lines) -> None:
    lines.show(talk(branches=3))


def budget_reached(lines: Lines) -> None:
    idle(lines)
    lines.header.show_budget(Standing(Span.DAY, Spending(Decimal("5.02"), 10_000, 1), Limit(Decimal(5))))


def not_saved(lines: Lines) -> None:
    idle(lines)
    lines.footer.show_saving(StorageError())


def temporary(lines: Lines) -> None:
    idle(lines)
    lines.header.show_badge(TEMPORARY)
    lines.footer.show_temporary()


STATES: list[Callable[[Lines], None]] = [
    *(idle, waiting, streaming, retrying, reading, unknown_price, several_branches, budget_reached),
    *(not_saved, temporary),
]


@asynccontextmanager
async def lines_in(state: Callable[[Lines], None]) -> AsyncIterator[Lines]:
    lines = Lines(ConversationHeader(), NoticeLine(KEYS), StatusFooter(KEYS, monotonic_s=lambda: 1000.0))

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield from lines

    async with Bare().run_test(size=(80, 24)):
        state(lines)
        yield lines


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_no_line_is_wider_than_the_window_or_has_a_question_without_a_noun(
    state: Callable[[Lines], None],
) -> None:
    async with lines_in(state) as lines:
        for width, has_header in product(range(40, 201), (True, False)):
            for line in lines.at(width, has_header=has_header):
                assert text_width(line) <= width
                assert "?" not in line.replace("? all keys", "")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (idle, "Enter send"),
        (waiting, "waiting 0s"),
        (streaming, "streaming 0s"),
        (retrying, "retry in 4s"),
        (reading, " READ   j/k move · type to write"),
        (unknown_price, "no price"),
        (several_branches, "$0.0213"),
        (budget_reached, "budget reached"),
        (not_saved, "NOT SAVED"),
        (temporary, "TEMPORARY: not saved"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_each_state_is_named_at_every_width(state: Callable[[Lines], None], words: str) -> None:
    async with lines_in(state) as lines:
        for width in range(40, 201):
            shown = "\n".join(lines.at(width))
            assert all(word in shown for word in words.split(" · ")), (width, shown)


@pytest.mark.parametrize(
    ("state", "press"),
    [(waiting, "Esc stop"), (streaming, "Esc stop"), (retrying, "Enter retry now")],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_what_to_press_while_a_reply_comes_is_there_at_every_width(
    state: Callable[[Lines], None], press: str
) -> None:
    async with lines_in(state) as lines:
        for width, has_header in product(range(40, 201), (True, False)):
            assert press in lines.at(width, has_header=has_header)[-1], width


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_title_has_a_good_part_of_the_header_from_sixty_columns_on(state: Callable[[Lines], None]) -> None:
    async with lines_in(state) as lines:
        for width in range(60, 201):
            title = lines.at(width)[0].strip().partition("  ")[0]
            assert "Review my rate limiter design".startswith(title.removesuffix("…"))
            assert text_width(title) >= min(29, width // 3), (width, title)


async def test_tokens_keep_their_nouns_at_every_width() -> None:
    for state in (streaming, idle, not_saved):
        async with lines_in(state) as lines:
            for width, has_header in product(range(40, 201), (True, False)):
                shown = lines.at(width, has_header=has_header)[-1]
                assert not set("↑↓") & set(shown) and ("4.20k" in shown) <= ("out " in shown)
    async with lines_in(streaming) as lines:
        assert " ".join(lines.at(60)[-1].split()) == "sonnet-5-5 streaming 0s Esc stop ~$0.0049 out 84"


async def test_a_low_window_shows_what_the_reply_costs_of_the_total() -> None:
    async with lines_in(several_branches) as lines:
        assert "$0.0213 of $0.0213" in " ".join(lines.at(80, has_header=False)[-1].split())


async def read_aloud(state: Callable[[Lines], None], width: int) -> list[str]:
    """The lines with single spaces."""
    async with lines_in(state) as lines:
        return [" ".join(line.split()) for line in lines.at(width) if line.strip()]


async def test_lines_of_a_window_of_120_columns_read_as_sentences() -> None:
    title, model = "Review my rate limiter design profile rust", MODEL
    assert await read_aloud(idle, 120) == [
        f"{title} 38% of 200k context total $0.0213",
        f"{model} Enter send · / commands reply $0.0213 in 4.20k out 600 cached 3.00k",
    ]
    assert (await read_aloud(waiting, 120))[-1] == f"{model} waiting 0s Esc stop · Enter queue"
    assert (await read_aloud(retrying, 120))[-1] == f"{model} retry in 4s Enter retry now · Esc stop"
    assert (await read_aloud(reading, 120))[1:] == [
        "READ j/k move · y copy · e edit · b code · l link · ? all keys · type to write",
        f"{model} reply $0.0213 in 4.20k out 600 cached 3.00k",
    ]
    assert (await read_aloud(several_branches, 160))[0].endswith("$0.0213 here · $0.0639 with all branches")
    assert "budget reached: over $5.02 of $5.00 today" in (await read_aloud(budget_reached, 120))[0]
    assert (await read_aloud(not_saved, 120))[-1].startswith(f"NOT SAVED {model} Enter send")


async def test_temporary_is_shown_once_in_the_header_or_in_the_footer() -> None:
    async with lines_in(temporary) as lines:
        for width in range(40, 201):
            assert "\n".join(lines.at(width)).count("TEMPORARY") == 1
            assert "\n".join(lines.at(width, has_header=False)).count("TEMPORARY") == 1


async def test_a_failed_reply_without_figures_does_not_show_those_of_the_reply_before() -> None:
    failed = (prompt(2, "Again", "turn-1"), reply(3, status=TurnStatus.FAILED, model=MODEL))
    shown = replace(talk(), turns=(*talk().turns, *failed), head="turn-3")
    async with lines_in(lambda lines: lines.show(shown)) as lines:
        assert "4.20k" not in lines.at(200)[-1] and "total $0.0213" in lines.at(200)[0]


async def test_figures_of_the_reply_before_are_gone_while_a_reply_waits() -> None:
    async with lines_in(waiting) as lines:
        assert "reply" not in lines.at(200)[-1] and "4.20k" not in lines.at(200)[-1]
