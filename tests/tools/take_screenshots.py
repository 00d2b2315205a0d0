"""Takes the pictures of the README from the app itself, played by the demo provider: always the same ones.

    python -m tests.tools.take_screenshots [NAME…]

writes screenshots/NAME.svg and screenshots/NAME.png. PNG needs a monospaced font: DejaVu Sans Mono, which Debian has
as fonts-dejavu-core.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import count
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot

from tests.support.app_context import bench_context
from tests.support.environment import ROOT
from tests.support.paint import Cells, cells_of, paint_png, paint_svg
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import Overloaded
from tui_chat.core.event import ReplyOpened, Stopped, TextDelta, UsageReported
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import Cost, Price, Usage
from tui_chat.providers.demo.provider import DemoProvider, Step
from tui_chat.providers.demo.scenes import pieces, scene_for
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.model_catalog import ModelCatalog
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.settings.load import load_settings
from tui_chat.storage.labels import Labels
from tui_chat.storage.store import Store
from tui_chat.ui.app import ChatApp
from tui_chat.ui.app_context import ModelFacts
from tui_chat.ui.widgets.status_footer import StatusFooter

_EMOJI = "| 名前"
"""What follows has signs that few monospaced fonts have."""
FOLDER = ROOT / "screenshots"
MODEL = "demo/sonnet"
_WITH_CLOCKS = (
    "tui_chat.ui.chat.home_actions",
    "tui_chat.ui.dialogs.usage",
    "tui_chat.ui.library.data_source",
    "tui_chat.ui.library.screen",
)
NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
PRICE = Price.of(Decimal(3), Decimal(15), Decimal("0.3"))
OTHERS = (
    ("Why is my Dockerfile rebuilding everything?", 12, 1),
    ("Explain WAL mode to a colleague", 8, 3),
    ("Rust: borrow checker and self-referential structs", 24, 20),
    ("Translate the release notes into Japanese", 6, 26),
    ("SQL: gaps and islands", 14, 49),
    ("Regex that matches balanced quotes", 4, 75),
    ("Plan the migration to Python 3.13", 31, 121),
    ("A rate limiter that never sleeps", 10, 200),
    ("Names for the new terminal", 5, 700),
)


class Frozen(datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Frozen":
        """Always the same moment."""
        return cls.fromtimestamp(NOW.timestamp(), tz or UTC)


@dataclass
class Set:
    """A running app to be photographed."""

    pilot: Pilot[int]
    app: ChatApp
    store: Store
    service: ChatService

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type words."""
        await self.press(*({" ": "space", "/": "slash"}.get(letter, letter) for letter in text))

    async def until(self, *words: str) -> None:
        """Wait until these stand on the screen."""
        async with asyncio.timeout(20):
            while not all(word in self.cells.text for word in words):
                await self.pilot.pause(0.02)

    async def idle(self) -> None:
        """Wait until no reply comes in."""
        async with asyncio.timeout(20):
            while self.service.replies:
                await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def ask(self, text: str) -> None:
        """Send a prompt and wait for the end of the reply."""
        await self.type(text)
        await self.press("enter")
        await self.idle()

    @property
    def cells(self) -> Cells:
        """What is on the screen."""
        return cells_of(self.app)


def script(prompt: str, share: float = 1.0, *, before: str = "\0") -> list[Step]:
    """The demo's own reply to a prompt: the first words, or the start while the rest is awaited."""
    text = "".join(scene_for(prompt, 0).tokens()).partition(before)[0].rstrip()
    words = pieces(text)
    shown = words[: int(len(words) * share)]
    steps: list[Step] = [ReplyOpened("demo"), *map(TextDelta, shown)]
    if share < 1:
        return [*steps, asyncio.Event()]
    return [*steps, UsageReported(Usage(1_840, cache_read_tokens=1_200, output_tokens=len(words))), Stopped("end")]


@asynccontextmanager
async def studio(
    *scripts: Sequence[Step], size: tuple[int, int], theme: str = "tui-chat-dark", library: bool = False
) -> AsyncIterator[Set]:
    """The app with a clock that stands, ids that count, and a price of its own."""
    numbers = count(1)
    moments = (NOW + timedelta(seconds=20 * step) for step in count())
    provider = DemoProvider.playing(*(scripts or (script("code"),)), pace=0)

    async def provider_for(model: str) -> DemoProvider:
        return provider

    async def cost_of(model: str, usage: Usage, at: datetime) -> Cost | None:
        return Cost(PRICE.total_usd(usage), price=PRICE)

    async def facts_of(model: str) -> ModelFacts:
        return ModelFacts(200_000, PRICE)

    store = await Store.open(":memory:", clock=lambda: NOW)
    if library:
        await store.save_all([_other(number, *about) for number, about in enumerate(OTHERS)])
    dependencies = Dependencies(
        provider_for,
        cost_of,
        Policy(RetryPolicy(1), save_interval_s=0.05),
        now=lambda: next(moments),
        monotonic_s=lambda: 0.0,
        new_id=lambda: f"{next(numbers):08x}-0000-4000-8000-000000000000",
    )
    service = ChatService(store, dependencies)
    settings = load_settings(environ={})
    settings = settings._replace(ui=settings.ui._replace(theme=theme))

    def fresh() -> Conversation:
        return service.new_conversation(MODEL)

    catalogue = ModelCatalog(store, lambda: ["demo"], lambda name: provider.models())
    bench = bench_context(settings, store, service, fresh, catalogue, facts_of=facts_of)
    app = ChatApp(bench)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            app.screen.query_one(StatusFooter)._monotonic_s = lambda: 0.0
            await pilot.pause()
            yield Set(pilot, app, store, service)
    finally:
        await service.aclose()
        await store.aclose()


def _other(number: int, title: str, turns: int, hours_ago: int) -> Conversation:
    from tests.ui.turns import conversation, prompt, reply

    at = NOW - timedelta(hours=hours_ago)
    path = []
    for step in range(0, turns, 2):
        parent = path[-1].id if path else None
        path.append(replace(prompt(step, title if step == 0 else "And then?", parent), created_at=at))
        usage = Usage(900 * (step + 1), output_tokens=400)
        scene = "".join(scene_for(("code", "table")[number % 2], 0).tokens())
        body = f"About {title}\n\n{scene}" if step == 0 else f"Step {step // 2} of it works the same way."
        answer = reply(step + 1, body, usage=usage, cost=Cost(PRICE.total_usd(usage), price=PRICE), model=MODEL)
        path.append(replace(answer, created_at=at, status=TurnStatus.COMPLETE))
    named = [
        replace(one, id=f"{number}-{one.id}", parent_id=one.parent_id and f"{number}-{one.parent_id}") for one in path
    ]
    made = conversation(*named)
    return replace(made, id=f"past-{number}", title=title, model=MODEL, created_at=at, updated_at=at)


async def streaming() -> Cells:
    """A reply that is coming in."""
    async with studio(script("code", 0.62), size=(110, 32)) as at:
        await at.type("Write me a rate limiter that never sleeps.")
        await at.press("enter")
        await at.until("def take", "streaming")
        at.app.screen.query_one(StatusFooter)._monotonic_s = lambda: 4.2
        await at.until("streaming 4s")
        return at.cells


async def code_and_table() -> Cells:
    """Code with its colours, and a table."""
    async with studio(script("code"), script("table", before=_EMOJI), size=(110, 40)) as at:
        await at.ask("Write me a rate limiter.")
        await at.ask("And which engine should keep its counters?")
        return at.cells


async def branches() -> Cells:
    """Several replies to one prompt, and the tree."""
    async with studio(
        script("table", before=_EMOJI), script("code"), script("table", before=_EMOJI), size=(100, 30)
    ) as at:
        await at.ask("Which storage engine fits a chat?")
        await at.ask("Show me code for it.")
        await at.press("alt+r")
        await at.idle()
        await at.press("f5")
        await at.until("Conversation tree")
        return at.cells


async def library() -> Cells:
    """Full-text search in the library."""
    async with studio(size=(130, 34), library=True) as at:
        await at.press("ctrl+o")
        await at.until("Conversations 9")
        await at.type("bucket")
        await at.until("All messages", "newest and best")
        await at.pilot.pause(0.4)
        return at.cells


async def palette() -> Cells:
    """Every command by a few letters."""
    async with studio(script("table", before=_EMOJI), size=(100, 30), library=True) as at:
        await at.ask("Which storage engine fits a chat?")
        await at.press("ctrl+p")
        await at.pilot.pause(0.3)
        await at.type("re")
        await at.pilot.pause(0.5)
        return at.cells


async def usage() -> Cells:
    """Tokens and cost by day."""
    async with studio(size=(100, 30), library=True) as at:
        await at.type("/usage")
        await at.press("enter")
        await at.until("Usage by day")
        await at.pilot.pause(0.2)
        return at.cells


async def error() -> Cells:
    """What went wrong, and the key to press."""
    steps: list[Step] = [
        *script("table", 0.4)[:-1],
        Overloaded("the provider is overloaded", status=529, request_id="req_0147"),
    ]
    async with studio(steps, size=(100, 24)) as at:
        await at.ask("Compare the storage engines.")
        return at.cells


async def narrow() -> Cells:
    """A window of sixty by twenty."""
    async with studio(script("table", before=_EMOJI), size=(60, 20)) as at:
        await at.ask("Which engine?")
        return at.cells


async def light() -> Cells:
    """The same in the light."""
    async with studio(script("code"), size=(110, 34), theme="tui-chat-light") as at:
        await at.ask("Write me a rate limiter.")
        return at.cells


async def empty() -> Cells:
    """What the app opens with."""
    async with studio(size=(110, 34), library=True) as at:
        await at.until("Ask anything", "Recent conversations", "Names for the new")
        return at.cells


async def by_day() -> Cells:
    """The library by day, with a pin and tags."""
    async with studio(size=(130, 34), library=True) as at:
        await at.store.set_labels("past-4", Labels(pinned=True, tags=("sql",)))
        await at.store.set_labels("past-8", Labels(tags=("work",)))
        await at.press("ctrl+o")
        await at.until("Pinned", "#sql", "#work", "Today")
        await at.pilot.pause(0.4)
        return at.cells


async def outline() -> Cells:
    """A wide window with the outline."""
    async with studio(script("table", before=_EMOJI), script("code"), size=(170, 40)) as at:
        await at.ask("Which storage engine fits a chat?")
        await at.ask("Write me a rate limiter.")
        await at.until("Outline", "side by side")
        return at.cells


PICTURES: dict[str, Callable[[], Awaitable[Cells]]] = {
    "streaming": streaming,
    "code-and-table": code_and_table,
    "branches": branches,
    "library": library,
    "by-day": by_day,
    "outline": outline,
    "palette": palette,
    "usage": usage,
    "error": error,
    "narrow": narrow,
    "light": light,
    "empty": empty,
}


async def take(name: str, folder: Path) -> list[Path]:
    """Take one picture; the files that were written."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    with ExitStack() as clocks:
        for module in _WITH_CLOCKS:
            __import__(module)
            clocks.enter_context(patch(f"{module}.datetime", Frozen))
        cells = await PICTURES[name]()
    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    svg.write_text(paint_svg(cells), encoding="utf-8")
    paint_png(cells, png)
    return [svg, png]


def main() -> int:
    """Take the pictures that are named, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.take_screenshots", description="Take the README's pictures."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    names = parser.parse_args().names or list(PICTURES)
    if unknown := set(names) - set(PICTURES):
        parser.error(f"there is no picture {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    FOLDER.mkdir(exist_ok=True)
    for name in names:
        for path in asyncio.run(take(name, FOLDER)):
            print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
