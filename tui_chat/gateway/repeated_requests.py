"""Recognises a request that is sent again, so that no prompt is sent twice. Knows no wire format."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

LIFETIME_S = 600.0
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A prompt that is stored, and the reply to it."""

    conversation_id: str
    prompt_id: str
    turn_id: str
    saved: bool = True
    """False where it is in the store that keeps nothing."""


class RepeatedRequests:
    """The answers to the requests of the last minutes, by key."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._answers: dict[str, tuple[asyncio.Task[Answer], float]] = {}

    async def once(self, key: str, send: Callable[[], Coroutine[None, None, Answer]], *, is_repeated: bool) -> Answer:
        """Return the answer to the earlier request with that key; without one, send and remember.

        `is_repeated` is whether an earlier request counts: the same words may be sent twice on purpose. What failed
        was not sent and does not count. A client that leaves in between stops nothing.
        """
        self._forget_old()
        if is_repeated and (known := self._answers.get(key)) is not None:
            return await asyncio.shield(known[0])
        task = asyncio.create_task(send())
        self._answers[key] = task, self._clock_s() + LIFETIME_S
        task.add_done_callback(lambda done: self._forget_failed(key, done))
        return await asyncio.shield(task)

    def _forget_failed(self, key: str, done: asyncio.Task[Answer]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._answers.get(key, (None,))[0] is done:
            del self._answers[key]

    def _forget_old(self) -> None:
        now_s = self._clock_s()
        while self._answers:
            key, (_, expires_s) = next(iter(self._answers.items()))
            if expires_s > now_s and len(self._answers) < _MOST:
                return
            del self._answers[key]
