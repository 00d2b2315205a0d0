"""The floor: the SDK's loop, printing each delta as it comes. Prompts come by lines; Ctrl+C cancels a reply."""

import asyncio
import signal
import sys

from anthropic import AsyncAnthropic
from anthropic.types import MessageParam


async def reply(client: AsyncAnthropic, messages: list[MessageParam]) -> str:
    """Stream one reply to the terminal."""
    text = ""
    async with await client.messages.create(
        model="claude-sonnet-4-5", max_tokens=64_000, messages=messages, stream=True
    ) as events:
        async for event in events:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                text += event.delta.text
                print(event.delta.text, end="", flush=True)
    return text


async def main() -> None:
    """Prompt and reply in turns, the whole conversation sent each time."""
    client = AsyncAnthropic(max_retries=0)
    loop = asyncio.get_running_loop()
    messages: list[MessageParam] = []
    while True:
        print("\n> ", end="", flush=True)
        messages.append({"role": "user", "content": (await loop.run_in_executor(None, sys.stdin.readline)).strip()})
        task = asyncio.create_task(reply(client, messages))
        loop.add_signal_handler(signal.SIGINT, task.cancel)
        try:
            messages.append({"role": "assistant", "content": await task})
        except asyncio.CancelledError:
            messages.pop()


if __name__ == "__main__":
    asyncio.run(main())
