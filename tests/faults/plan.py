"""A schedule of faults, made at random but by a seed, so that one that fails can be played again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from tests.providers.anthropic.encoder import sse
from tests.support.wire_server import Answer, End, Step, pieces

_SAID = (
    "word ",
    "longer-words ",
    "日本語 ",
    "👩‍👩‍👧 ",
    "**bold** ",
    "\n\n",
    "```py\nx = 1\n```\n",
    "e\u0301 ",
    "| a | b |\n",
    "\t",
)


class Server(StrEnum):
    """How the server fails in the middle of a reply."""

    FINE = "fine"
    RESET = "reset"
    CLOSE = "close"
    CUT = "cut"
    HANG = "hang"
    GARBAGE = "garbage"
    ERROR_EVENT = "error event"
    WRONG_LENGTH = "wrong length"
    BYTES = "byte by byte"


class Disk(StrEnum):
    """What becomes of the store."""

    FINE = "fine"
    FULL = "full"
    READ_ONLY = "read only"
    LOCKED = "locked"
    SLOW = "slow"
    DELETED = "deleted"
    FULL_FOR_GOOD = "full for good"


class Key(StrEnum):
    """What the person does meanwhile."""

    NOTHING = "nothing"
    STOP = "stop"
    SEND_MORE = "send more"
    RETRY = "stop and retry"
    LEAVE = "leave"


@dataclass(frozen=True)
class Plan:
    """One schedule."""

    seed: int
    texts: tuple[str, ...]
    before: tuple[str, ...]
    """What goes wrong before anything arrives, attempt by attempt."""
    server: Server
    server_at: int
    disk: Disk
    disk_at_s: float
    disk_for_s: float
    key: Key
    key_at_s: float
    pace_s: float = field(default=0.002)

    @property
    def text(self) -> str:
        """All that the server would send."""
        return "".join(self.texts)

    def answers(self) -> list[Answer]:
        """What the server sends, request by request; from then on it is well."""
        return [*map(_refusal, self.before), self._reply(), *[Answer([sse(*_events(("fine",)))])] * 8]

    def _reply(self) -> Answer:
        framing = "short" if self.server is Server.WRONG_LENGTH else "chunked"
        return Answer(tuple(self._steps()), framing=framing)

    def _steps(self) -> Iterator[Step]:
        body = [sse(event) for event in _events(self.texts)]
        at = min(2 + self.server_at, len(body) - 1)
        for number, piece in enumerate(body):
            if number == at:
                match self.server:
                    case Server.RESET:
                        yield End.RESET
                    case Server.CLOSE:
                        yield End.CLOSE
                    case Server.CUT:
                        yield End.CUT
                    case Server.HANG:
                        yield End.HANG
                    case Server.GARBAGE:
                        yield b"event: content_block_delta\ndata: {\xff\xfe not json\n\n"
                    case Server.ERROR_EVENT:
                        error = {"type": "overloaded_error", "message": "Overloaded"}
                        yield sse({"type": "error", "error": error})
                        yield End.CUT
                    case _:
                        pass
            if self.pace_s:
                yield self.pace_s
            yield from pieces(piece, "byte") if self.server is Server.BYTES else [piece]


def plan(seed: int) -> Plan:
    """The schedule of that number."""
    luck = random.Random(seed)
    texts = tuple(luck.choice(_SAID) for _ in range(luck.randrange(1, 90)))
    refusals = ("429", "500", "529", "redirect", "page", "reset", "empty", "401")
    return Plan(
        seed,
        texts,
        tuple(luck.choice(refusals) for _ in range(luck.choice((0, 0, 0, 1, 1, 2, 3)))),
        luck.choice(list(Server)),
        luck.randrange(len(texts) + 1),
        luck.choice(list(Disk)),
        luck.uniform(0, 0.25),
        luck.uniform(0.02, 0.3),
        luck.choice(list(Key)),
        luck.uniform(0, 0.3),
        luck.choice((0, 0.001, 0.004)),
    )


def _events(texts: tuple[str, ...]) -> Iterator[dict[str, object]]:
    usage = {"input_tokens": 7, "output_tokens": 1}
    yield {"type": "message_start", "message": {"id": "m", "type": "message", "usage": usage}}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for text in texts:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}
    yield {"type": "message_stop"}


def _refusal(kind: str) -> Answer:
    match kind:
        case "redirect":
            return Answer(status=302, headers={"location": "/elsewhere"})
        case "page":
            return Answer.html("<html>please sign in</html>")
        case "reset":
            return Answer((End.RESET,), silent=True)
        case "empty":
            return Answer()
    kinds = {"429": "rate_limit_error", "500": "api_error", "529": "overloaded_error", "401": "authentication_error"}
    headers = {"retry-after": "0"} if kind == "429" else {}
    error = {"type": kinds[kind], "message": "not now"}
    return Answer.json({"type": "error", "error": error}, status=int(kind), headers=headers)
