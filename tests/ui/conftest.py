"""The whole app over a store in memory and a provider that plays a script."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from textual import events
from textual.css import stylesheet
from textual.keys import _character_to_key, key_to_character
from textual.message import Message
from textual.pilot import Pilot

from tests.service.conftest import HELLO
from tests.support.app_context import bench_context
from tests.ui.parsed_sheets import ParsedSheets
from tui_chat.core.conversation import Conversation
from tui_chat.core.tool import Toolbox
from tui_chat.providers.demo.provider import DemoProvider, Step
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.model_catalog import ModelCatalog
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.settings.load import load_settings
from tui_chat.settings.values import Settings
from tui_chat.storage.store import Store
from tui_chat.ui.app import ChatApp
from tui_chat.ui.app_context import AppContext, SyncProcess
from tui_chat.ui.chat.screen import ChatScreen


@pytest.fixture(scope="session", autouse=True)
def parsed_sheets() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stylesheet, "parse", ParsedSheets().parse)
        yield


_LOOK_EVERY_S = 0.005
_IDLE_S = 0.01
_IDLE_CPU_S = 0.0005
_LATEST_S = 1.0


async def until_idle() -> None:
    """Wait until the process has used no time for a moment; the pilot looks four times more rarely."""
    started = idle_since = time.monotonic()
    while time.monotonic() - idle_since < _IDLE_S and time.monotonic() - started < _LATEST_S:
        used, slept = time.process_time(), time.monotonic()
        await asyncio.sleep(_LOOK_EVERY_S)
        was_starved = time.monotonic() - slept > 2 * _LOOK_EVERY_S
        if was_starved or time.process_time() - used > _IDLE_CPU_S:
            idle_since = time.monotonic()


@dataclass
class Desk:
    """A running app and what is below it."""

    pilot: Pilot[Any]
    app: ChatApp
    store: Store
    service: ChatService
    provider: DemoProvider

    @property
    def chat(self) -> ChatScreen:
        return next(screen for screen in reversed(self.app.screen_stack) if isinstance(screen, ChatScreen))

    @property
    def conversation(self) -> Conversation:
        return self.chat.conversation

    _elapsed_s: float = 0.0
    """How much later than now the last key was pressed."""

    async def press(self, *keys: str) -> None:
        """Press keys, by their times far enough apart that letters are no word; the program puts them in a queue."""
        for key in keys:
            self._elapsed_s += 1.0
            name = _character_to_key(key) if len(key) == 1 else key
            self._post(name, key if len(key) == 1 else key_to_character(key))
        await self.app.catch_up()
        await self.settle()

    async def settle(self) -> None:
        """Wait until every message is handled and nothing runs."""
        await self.pilot.pause(0)
        await until_idle()
        await self.pilot.pause(0)

    def _post(self, name: str, character: str | None) -> None:
        event = events.Key(name, character)
        event.time += self._elapsed_s
        self.app.post_message(event)

    async def type(self, text: str) -> None:
        """As fast as a terminal sends it; the pilot would rest after each letter."""
        for letter in text:
            name, character = ("ctrl+j", None) if letter == "\n" else (_character_to_key(letter), letter)
            self._post(name, character)
        await self.settle()

    async def until(self, met: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not met():
                await self.pilot.pause(0.01)

    async def ask(self, text: str) -> None:
        """Send a prompt and wait for the end of the reply."""
        await self.type(text)
        await self.press("enter")
        await self.idle()

    async def idle(self) -> None:
        await self.until(lambda: not self.service.replies and self.service.save_queue.error is None)
        await self.settle()


@asynccontextmanager
async def desk_with(
    *scripts: Sequence[Step],
    settings: Settings | None = None,
    first: Conversation | None = None,
    size: tuple[int, int] = (100, 30),
    store: Store | None = None,
    provider: DemoProvider | None = None,
    hook: Callable[[Message], None] | None = None,
    toolbox: Toolbox | None = None,
    sync: SyncProcess | None = None,
) -> AsyncIterator[Desk]:
    """Run the app; the provider plays these scripts, one a request. `hook` hears every message."""
    provider = provider or DemoProvider.playing(*(scripts or (HELLO,)))

    async def provider_for(model: str) -> DemoProvider:
        return provider

    used = store or await Store.open(":memory:")
    settings = settings or load_settings(environ={})
    titles_by_model = settings.chat.titles == "model"
    policy = Policy(RetryPolicy(first_delay_s=0.01), save_interval_s=0.02, titles_by_model=titles_by_model)
    service = ChatService(used, Dependencies(provider_for, policy=policy, toolbox=toolbox))
    settings = settings._replace(ui=settings.ui._replace(theme="tui-chat-dark"))
    context = bench_context(
        settings,
        used,
        service,
        lambda: service.new_conversation("demo/tour"),
        ModelCatalog(used, lambda: ["demo"], lambda name: provider.models()),
        first=first,
        sync=sync,
    )

    async def open_temporary() -> AppContext:
        memory = await Store.open(":memory:")
        temporary = ChatService(memory, Dependencies(provider_for, policy=policy, toolbox=toolbox))

        async def close() -> None:
            open_ones.remove(close)
            await temporary.aclose()
            await memory.aclose()

        open_ones.append(close)
        return replace(
            context,
            store=memory,
            service=temporary,
            first=context.blank(),
            is_temporary=True,
            open_temporary=None,
            close=close,
        )

    open_ones: list[Callable[[], Awaitable[None]]] = []
    app = ChatApp(replace(context, open_temporary=open_temporary))
    try:
        async with app.run_test(size=size, notifications=True, message_hook=hook) as pilot:
            desk = Desk(pilot, app, used, service, provider)
            await desk.settle()
            yield desk
    finally:
        for close in list(open_ones):
            await close()
        await service.aclose()
        if store is None:
            await used.aclose()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The app with a provider that answers Hello."""
    async with desk_with() as made:
        yield made
