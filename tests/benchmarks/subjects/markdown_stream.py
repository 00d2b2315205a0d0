"""The plain alternative: a minimal app on Textual's own Markdown widget and its stream."""

import asyncio
from typing import ClassVar

from anthropic import AsyncAnthropic
from anthropic.types import MessageParam
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Markdown


class MarkdownStreamApp(App[None]):
    """A scroll of replies over an input."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "Cancel")]
    CSS = "Markdown { height: auto }"

    def __init__(self) -> None:
        super().__init__()
        self.client = AsyncAnthropic(max_retries=0)
        self.messages: list[MessageParam] = []

    def compose(self) -> ComposeResult:
        yield VerticalScroll()
        yield Input(placeholder="Ask")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def send(self, submitted: Input.Submitted) -> None:
        """Ask with the whole conversation."""
        submitted.input.clear()
        self.messages.append({"role": "user", "content": submitted.value})
        self.reply()

    @work
    async def reply(self) -> None:
        """Stream one reply into a widget of its own."""
        markdown, text = Markdown(), ""
        log = self.query_one(VerticalScroll)
        await log.mount(markdown)
        log.anchor()
        stream = Markdown.get_stream(markdown)
        try:
            async with await self.client.messages.create(
                model="claude-sonnet-4-5", max_tokens=64_000, messages=self.messages, stream=True
            ) as events:
                async for event in events:
                    if event.type == "content_block_delta" and event.delta.type == "text_delta":
                        text += event.delta.text
                        await stream.write(event.delta.text)
            self.messages.append({"role": "assistant", "content": text})
        except asyncio.CancelledError:
            self.messages.pop()
            raise
        finally:
            await stream.stop()

    def action_cancel(self) -> None:
        """Stop the reply."""
        self.workers.cancel_all()


if __name__ == "__main__":
    MarkdownStreamApp().run()
