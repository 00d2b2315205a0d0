"""Programs that the tests run as processes on one database: `python -m tests.storage.programs NAME PATH`.

Each prints on a line of its own what the store has reported it to be kept, the moment it is reported.
"""

import asyncio
import sys
from pathlib import Path
from random import Random

from tests.storage.make import conversation, live, prompt, reply
from tui_chat.core.error import ReplyInFlight
from tui_chat.core.event import TextDelta
from tui_chat.storage.store import Store


async def stream(path: Path) -> None:
    """One reply after the other, checkpointed every few pieces, for ever."""
    store = await Store.open(path)
    await store.create(conversation("c1"))
    parent = None
    for number in range(10_000):
        await store.append("c1", [prompt(f"u{number}", parent), live(f"a{number}", f"u{number}")], head=f"a{number}")
        print("started", number, flush=True)
        count = 0
        for _ in range(Random(number).randrange(3, 20)):
            pieces = [TextDelta(f"{count + at} ") for at in range(5)]
            await store.checkpoint(f"a{number}", pieces)
            count += len(pieces)
            print("kept", number, count, flush=True)
        await store.finish(reply(f"a{number}", f"u{number}", words(count)))
        print("ended", number, count, flush=True)
        parent = f"a{number}"


async def mingle(path: Path, name: str, seed: int, rounds: int) -> None:
    """Sends, renames, deletes, restores and searches at random, in own conversations and in one shared by all."""
    store = await Store.open(path)
    draw = Random(seed)
    heads: dict[str, str | None] = {}
    kept = refused = 0
    for number in range(rounds):
        match draw.randrange(6):
            case 0:
                heads[f"{name}-{number}"] = None
                await store.create(conversation(f"{name}-{number}"))
            case 1 | 2 if heads:
                of = draw.choice(sorted(heads))
                turn_id = f"{name}-{number}-a"
                asked = prompt(f"{name}-{number}-u", heads[of], f"{name} says {number}")
                await store.append(of, [asked, live(turn_id, asked.id)], head=turn_id)
                await store.checkpoint(turn_id, [TextDelta("so far")])
                await store.finish(reply(turn_id, asked.id, f"answer {number}"))
                heads[of] = turn_id
                kept += 2
            case 3:
                shared = await store.conversation("shared")
                asked = prompt(f"{name}-{number}-s", shared.head)
                answer = live(f"{name}-{number}-r", asked.id)
                try:
                    await store.append("shared", [asked, answer], head=answer.id)
                    await store.finish(reply(answer.id, asked.id))
                    kept += 2
                except ReplyInFlight:
                    refused += 1
            case 4 if heads:
                of = draw.choice(sorted(heads))
                await store.delete(of)
                await store.restore(of)
                await store.rename(of, f"{name} {number}")
            case _:
                await store.search("says")
                await store.summaries()
    print("kept", kept, refused, flush=True)
    await store.aclose()


async def meddle(path: Path) -> None:
    """Looks at everything and changes one draft many times."""
    store = await Store.open(path)
    for number in range(50):
        for summary in await store.summaries():
            await store.conversation(summary.id)
        await store.set_draft(None, str(number))
    await store.aclose()


def words(count: int) -> str:
    """The text that so many pieces make."""
    return "".join(f"{at} " for at in range(count))


if __name__ == "__main__":
    _, program, where, *rest = sys.argv
    if program == "stream":
        asyncio.run(stream(Path(where)))
    elif program == "mingle":
        asyncio.run(mingle(Path(where), rest[0], int(rest[1]), int(rest[2])))
    else:
        asyncio.run(meddle(Path(where)))
