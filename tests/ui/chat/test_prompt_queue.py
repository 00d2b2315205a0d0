"""The queue of prompts, with a disk so slow that the user opens another conversation meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from tui_chat.storage.store import Store
from tui_chat.ui.chat.drafts import Drafts
from tui_chat.ui.chat.prompt_queue import PromptQueue


@dataclass
class Counter:
    """A line, what it sent and showed, and whether sending works."""

    queue: PromptQueue
    drafts: Drafts
    sent: list[str] = field(default_factory=list)
    takes: bool = True
    is_sending: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event | None = None

    async def send(self, prompt: str) -> bool:
        self.sent.append(prompt)
        self.is_sending.set()
        if self.may_go_on is not None:
            await self.may_go_on.wait()
        return self.takes


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    store = await Store.open(":memory:")
    drafts = Drafts(store, lambda after_s, run: pytest.fail("nothing is drafted here"))

    async def send(prompt: str) -> bool:
        return await made.send(prompt)

    def shown(prompts: Sequence[str]) -> None:
        pass

    made = Counter(PromptQueue(drafts, shown, send, lambda: None), drafts)
    await made.queue.switch_to("here")
    yield made
    await store.aclose()


async def test_the_first_goes_out_and_the_others_go_on_waiting(counter: Counter) -> None:
    for prompt in ("one", "two"):
        await counter.queue.put(prompt)
    await counter.queue.send_next()
    assert counter.sent == ["one"] and counter.queue.prompts == ("two",)


async def test_what_could_not_be_sent_is_the_first_in_line_again(counter: Counter) -> None:
    for prompt in ("one", "two"):
        await counter.queue.put(prompt)
    counter.takes = False
    await counter.queue.send_next()
    assert counter.queue.prompts == ("one", "two") == await counter.drafts.load_queue("here")


@pytest.mark.parametrize(("takes", "left"), [(True, ("two",)), (False, ("one", "two"))])
async def test_a_prompt_that_is_being_sent_stays_in_the_queue_of_its_conversation(
    counter: Counter, takes: bool, left: tuple[str, ...]
) -> None:
    for prompt in ("one", "two"):
        await counter.queue.put(prompt)
    counter.takes, counter.may_go_on = takes, asyncio.Event()
    sending = asyncio.create_task(counter.queue.send_next())
    await counter.is_sending.wait()
    await counter.queue.switch_to("elsewhere")
    assert await counter.drafts.load_queue("here") == ("one", "two") and counter.queue.prompts == ()
    await counter.queue.switch_to("here")
    assert counter.queue.prompts == ("two",)
    await counter.queue.switch_to("elsewhere")
    counter.may_go_on.set()
    await sending
    assert counter.sent == ["one"] and counter.queue.prompts == () == await counter.drafts.load_queue("elsewhere")
    await counter.queue.switch_to("here")
    assert counter.queue.prompts == left
