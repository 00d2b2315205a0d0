"""The conversation in linear mode: prints replies, asks about tool calls. Knows no command and no thread."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from tui_chat.cli.context import Context
from tui_chat.cli.exit_codes import PIPE_CLOSED
from tui_chat.cli.linear.line_reader import Interrupted, LineKind, LineReader
from tui_chat.cli.linear.reply_lines import LinearText, error_text
from tui_chat.cli.output import print_text
from tui_chat.cli.reply_output import EventTexts, StdoutWriter
from tui_chat.core.clean import clean, clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.core.event import ApprovalAsked
from tui_chat.core.part import AttachmentPart
from tui_chat.core.title import shown_title
from tui_chat.core.tool import Approval, Decision, Verdict
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.service.reply import Reply
from tui_chat.ui.attachment_marks import attachments_in
from tui_chat.wiring import Program

_DECISIONS = {
    "y": Decision.ONCE,
    "yes": Decision.ONCE,
    "c": Decision.CONVERSATION,
    "a": Decision.ALWAYS,
    "s": Decision.SERVER,
    "n": Decision.DENY,
    "no": Decision.DENY,
    "x": Decision.STOP,
    "": Decision.DENY,
}
"""The answers to a tool call; the letters are those of the app."""


class LinearChat:
    """The conversation that is open, and what is printed and asked for it."""

    def __init__(
        self,
        ctx: Context,
        program: Program,
        reader: LineReader,
        first: Conversation,
        new_conversation: Callable[[], Conversation],
    ) -> None:
        self.ctx = ctx
        self.program = program
        self.reader = reader
        self.conversation = first
        self.new_conversation = new_conversation
        self.attachments: list[AttachmentPart] = []
        """Go with the next prompt."""
        self.prefill = ""
        """Text of the next prompt, to be edited."""
        self.reply: Reply | None = None
        self.exit_code: int | None = None
        self._is_draft_ours = True
        """Whether the stored draft is one that a line can hold."""

    def leave(self, code: int) -> None:
        """End the program with this exit code; what has arrived of a reply is kept."""
        if self.exit_code is None:
            self.exit_code = code
            if self.reply is not None:
                self.reply.cancel(status=TurnStatus.INTERRUPTED)
            self.reader.close()

    async def print(self, text: str) -> None:
        await asyncio.to_thread(print_text, text or "\n")

    async def ask(self, question: str) -> str:
        """Return the answer to a question; empty where there is none, or a command, which runs next."""
        try:
            answer = await self.reader.read(question, LineKind.ANSWER)
        except (EOFError, Interrupted):
            await self.print("")
            return ""
        if not self.reader.is_terminal:
            await self.print("")
        if answer.startswith("/"):
            self.reader.unread(answer)
            return ""
        return answer.strip()

    async def confirm(self, question: str) -> bool:
        """Return whether the user answers yes; anything else is no."""
        return (await self.ask(f"{question} y or n [n]: ")).lower() in ("y", "yes")

    async def show(self, conversation: Conversation) -> None:
        """Open another conversation: its title, and its last prompt and reply."""
        self.conversation = conversation
        path = conversation.path
        if not path:
            await self.print(f"New conversation, model {clean_line(conversation.model)}.")
            await self.restore_draft()
            return
        count = f"{len(path)} {'message' if len(path) == 1 else 'messages'}"
        lines = [f"Conversation: {clean_line(shown_title(conversation.title))}, {count}."]
        for turn in path[-2:]:
            who = "You" if turn.role is Role.USER else clean_line(turn.model)
            lines.append(f"{who}: {clean(turn.text).strip()}")
        await self.print("\n".join(lines))
        await self.restore_draft()

    async def follow(self, start: Awaitable[Reply], text: str = "") -> None:
        """Print a reply from its start to its end; `text` comes back to the prompt if it cannot be sent."""
        try:
            reply = await start
        except ChatError as error:
            self.prefill = text
            await self.print(error_text(error))
            return
        self.reply = reply
        for note in reply.notes:
            await self.print(clean_line(note))
        if self.exit_code is not None:
            reply.cancel(status=TurnStatus.INTERRUPTED)
        try:
            await self._print(reply)
        finally:
            self.reply = None
        await self.update()

    async def update(self) -> None:
        """Take in what is stored of this conversation, with the model, system prompt and options chosen here."""
        shown = self.conversation
        try:
            latest = await self.program.service.open(shown.id)
        except ChatError as error:
            if shown.turns:
                await self.print(error_text(error))
            return
        self.conversation = replace(latest, model=shown.model, system=shown.system, options=shown.options)

    # The draft

    async def restore_draft(self) -> None:
        """Put what was typed before into the next prompt; a draft with files stays for the app."""
        draft = await self.program.store.draft(self._draft_key) if self.reader.is_terminal else ""
        self._is_draft_ours = not attachments_in(draft)
        if draft.strip() and self._is_draft_ours:
            self.prefill = draft

    async def keep_draft(self, text: str) -> None:
        """Store what was typed and not sent, for the next start."""
        if text.strip() and self._is_draft_ours:
            await self.program.store.set_draft(self._draft_key, text)

    async def forget_draft(self) -> None:
        """Remove the draft: it was sent."""
        if self.reader.is_terminal and self._is_draft_ours:
            await self.program.store.set_draft(self._draft_key, "")

    @property
    def _draft_key(self) -> str | None:
        return self.conversation.id if self.conversation.turns else None

    # Replies

    async def _print(self, reply: Reply) -> None:
        text = LinearText()
        writer = self._writer(text)
        async for event in reply:
            writer.write(event)
            if isinstance(event, ApprovalAsked):
                await self._close(writer)
                await self._decide(reply, event.approval)
                writer = self._writer(text)
        await self._close(writer)

    def _writer(self, text: LinearText) -> StdoutWriter:
        return StdoutWriter(EventTexts(text), lambda: self.leave(PIPE_CLOSED))

    async def _close(self, writer: StdoutWriter) -> None:
        if (fault := await writer.close()) is not None:
            raise fault

    async def _decide(self, reply: Reply, approval: Approval) -> None:
        """Ask about a tool call; only a clear yes allows it."""
        while approval in reply.pending_approvals:
            try:
                answer = await self.reader.read("Allow it? [n]: ", LineKind.ANSWER)
            except Interrupted:
                reply.cancel()
                return
            except EOFError:
                answer = ""
            verdict = _verdict(answer, approval)
            if not self.reader.is_terminal:
                await self.print("")
            if verdict is None and self.reader.is_terminal:
                await self.print("Type y, c, a, n or x.")
                continue
            if verdict is None:  # in a pipe it is the next prompt
                self.reader.unread(answer)
            await reply.answer(approval.call.call_id, verdict or Verdict(Decision.DENY))


def _verdict(answer: str, approval: Approval) -> Verdict | None:
    """Return what was answered; `None` if it is no answer."""
    word, _, reason = answer.strip().partition(" ")
    decision = _DECISIONS.get(word.lower())
    is_refused = decision is Decision.SERVER and not approval.review.tool.mcp
    if decision is None or is_refused or (reason and decision is not Decision.DENY):
        return None
    return Verdict(decision, reason.strip())
