"""The prompts queued behind a streaming reply. Each is stored, so that a crash loses none. Knows no widget."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tui_chat.service.reply import Reply
from tui_chat.ui.chat.drafts import Drafts


class PromptQueue:
    def __init__(
        self,
        drafts: Drafts,
        changed: Callable[[Sequence[str]], None],
        send: Callable[[str], Awaitable[bool]],
        live_reply: Callable[[], Reply | None],
    ) -> None:
        """`send` returns whether the prompt was sent; `live_reply` returns the reply that the queue waits for."""
        self._drafts = drafts
        self._changed = changed
        self._send = send
        self._live_reply = live_reply
        self.lock = asyncio.Lock()
        """Held while a prompt is sent, so that a typed and a queued prompt never go out at once."""
        self._conversation_id = ""
        self._sends_itself: set[str] = set()
        self._sending: tuple[str, str] | None = None
        """The conversation and the text of the prompt that is being sent: it is stored with the queue until then."""
        self.prompts: tuple[str, ...] = ()

    @property
    def sends_itself(self) -> bool:
        """Whether the queue is to be sent without another key: not if it is left from an earlier run."""
        return bool(self.prompts) and self._conversation_id in self._sends_itself

    async def switch_to(self, conversation_id: str) -> None:
        """Show the queue of another conversation."""
        self._conversation_id = conversation_id
        self._show(())
        prompts = await self._drafts.load_queue(conversation_id)
        if self._conversation_id == conversation_id:
            self._show(prompts[len(self._being_sent) :])

    async def put(self, text: str, at: int | None = None) -> None:
        """Queue a prompt at the end, or at that index."""
        self._sends_itself.add(self._conversation_id)
        await self._update(_with(self.prompts, text, len(self.prompts) if at is None else at))

    async def take(self, at: int = -1) -> str:
        """Remove the prompt at that index and return it."""
        prompts = list(self.prompts)
        text = prompts.pop(at)
        await self._update(tuple(prompts))
        return text

    async def send_next(self) -> None:
        """Send the first prompt; queue it again if it cannot be sent."""
        async with self.lock:
            if self.prompts and self._live_reply() is None:
                conversation_id, text = self._conversation_id, self.prompts[0]
                self._sending = (conversation_id, text)
                self._show(self.prompts[1:])
                try:
                    is_sent = await self._send(text)
                finally:
                    self._sending = None
                await self._note_sending(conversation_id, text, is_sent=is_sent)

    async def send_now(self, at: int) -> None:
        """Stop the reply and send the prompt at that index."""
        if at:
            others = (*self.prompts[:at], *self.prompts[at + 1 :])
            await self._update((self.prompts[at], *others))
        if (reply := self._live_reply()) is not None:
            reply.cancel()
            await reply.wait()
        await self.send_next()

    async def _note_sending(self, conversation_id: str, text: str, *, is_sent: bool) -> None:
        """Remove a prompt that was sent from the stored queue; show one again that was not."""
        if conversation_id == self._conversation_id:
            await self._update(self.prompts if is_sent else _with(self.prompts, text, 0))
        elif is_sent:
            await self._drafts.store_queue(conversation_id, (await self._drafts.load_queue(conversation_id))[1:])

    @property
    def _being_sent(self) -> tuple[str, ...]:
        """The prompt that is being sent from the queue that is shown."""
        is_here = self._sending is not None and self._sending[0] == self._conversation_id
        return (self._sending[1],) if self._sending is not None and is_here else ()

    async def _update(self, prompts: tuple[str, ...]) -> None:
        self._show(prompts)
        await self._drafts.store_queue(self._conversation_id, (*self._being_sent, *prompts))

    def _show(self, prompts: Sequence[str]) -> None:
        self.prompts = tuple(prompts)
        self._changed(self.prompts)


def _with(prompts: tuple[str, ...], text: str, at: int) -> tuple[str, ...]:
    return (*prompts[:at], text, *prompts[at:])
