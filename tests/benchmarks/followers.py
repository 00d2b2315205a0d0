"""Clients of the gateway, run as a process of its own: each follows a conversation and notes when marks arrive.

    python -m tests.benchmarks.followers COUNT URL TOKEN PATH

prints `ready` once all are connected; when stdin closes, each mark with the times at which the clients had it.
"""

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

from tests.benchmarks.reply import MARK

_SPLIT = 8
"""Longer than a mark: one may arrive in two pieces."""


async def follow(url: str, token: str, path: str, ready: asyncio.Semaphore, seen: dict[str, int]) -> None:
    """Read one stream for ever."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in answer, answer
    ready.release()
    rest = ""
    while data := await reader.read(1 << 16):
        now, text = time.monotonic_ns(), rest + data.decode(errors="replace")
        for word in MARK.findall(text):
            seen.setdefault(word, now)
        rest = text[-_SPLIT:]


async def main() -> None:
    """Follow until stdin closes."""
    count, url, token, path = int(sys.argv[1]), *sys.argv[2:5]
    ready, clients = asyncio.Semaphore(0), [dict[str, int]() for _ in range(count)]
    tasks = [asyncio.create_task(follow(url, token, path, ready, seen)) for seen in clients]
    for _ in tasks:
        await ready.acquire()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    words = {word for seen in clients for word in seen}
    print(json.dumps({word: [seen[word] for seen in clients if word in seen] for word in words}))


if __name__ == "__main__":
    asyncio.run(main())
