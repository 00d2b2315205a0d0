"""The prompts that wait in line behind a reply, each by itself, kept where a crash cannot reach them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tui_chat.service.reply import Reply
from tui_chat.ui.chat.drafts import Drafts


class PromptQueue:
    """The line of one conversation at a time; whoever shows it is told of every change."""

    def __init__(
        self,
        drafts: Drafts,
        changed: Callable[[Sequence[str]], None],
        send: Callable[[str], Awaitable[bool]],
        reply: Callable[[], Reply | None],
    ) -> None:
        """`send` says a prompt and tells whether it could; `reply` is the one that is waited for, if any."""
        self._drafts = drafts
        self._changed = changed
        self._send = send
        self._reply = reply
        self.one_by_one = asyncio.Lock()
        """What is typed and what waited never go out at once."""
        self._conversation_id = ""
        self._promised: set[str] = set()
        self.prompts: tuple[str, ...] = ()

    @property
    def is_promised(self) -> bool:
        """Something waits here that was put into the line since the start, and is expected to go out by itself."""
        return bool(self.prompts) and self._conversation_id in self._promised

    async def switch_to(self, conversation_id: str) -> None:
        """Another conversation is shown, with what waits there."""
        self._conversation_id = conversation_id
        self._show(())
        prompts = await self._drafts.waiting(conversation_id)
        if self._conversation_id == conversation_id:
            self._show(prompts)

    async def put(self, prompt: str, at: int | None = None) -> None:
        """This waits too, behind the others or at that place."""
        self._promised.add(self._conversation_id)
        await self._keep(_with(self.prompts, prompt, len(self.prompts) if at is None else at))

    async def take(self, at: int = -1) -> str:
        """The one at that place, which waits no longer."""
        rest = list(self.prompts)
        prompt = rest.pop(at)
        await self._keep(tuple(rest))
        return prompt

    async def send_next(self) -> None:
        """Send the first one; it is back in its place where it could not be."""
        async with self.one_by_one:
            if self.prompts and self._reply() is None:
                here = self._conversation_id
                prompt = await self.take(0)
                # Another conversation may be shown by now: then it is not for that one.
                if here != self._conversation_id or not await self._send(prompt):
                    await self._give_back(here, prompt)

    async def send_now(self, at: int) -> None:
        """Send that one, stopping the reply it waits for."""
        if at:
            await self.put(await self.take(at), 0)
        if (reply := self._reply()) is not None:
            reply.cancel()
            await reply.wait()
        await self.send_next()

    async def _give_back(self, conversation_id: str, prompt: str) -> None:
        """It waits again, the first in the line it was taken from."""
        if conversation_id == self._conversation_id:
            await self.put(prompt, 0)
        else:
            await self._drafts.wait(conversation_id, _with(await self._drafts.waiting(conversation_id), prompt, 0))

    async def _keep(self, prompts: tuple[str, ...]) -> None:
        self._show(prompts)
        await self._drafts.wait(self._conversation_id, prompts)

    def _show(self, prompts: Sequence[str]) -> None:
        self.prompts = tuple(prompts)
        self._changed(self.prompts)


def _with(prompts: tuple[str, ...], prompt: str, at: int) -> tuple[str, ...]:
    return (*prompts[:at], prompt, *prompts[at:])
