"""The conversation: hands intents to the service and what comes back to the widgets. Draws nothing itself."""

from collections.abc import Awaitable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.getters import query_one
from textual.screen import Screen

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.core.event import TurnEnded
from tui_chat.core.turn import Turn
from tui_chat.service.reply import Reply
from tui_chat.ui.bench import Bench
from tui_chat.ui.keys import KeyNames, Scope, bindings
from tui_chat.ui.message import DraftChanged, PromptSubmitted
from tui_chat.ui.screens.library import LibraryScreen
from tui_chat.ui.widgets.conversation_pane import ConversationPane
from tui_chat.ui.widgets.prompt_box import PromptBox
from tui_chat.ui.widgets.status_footer import StatusFooter
from tui_chat.wording import ending, explain

DRAFT_AFTER_S = 0.3
"""A draft is kept when nothing was typed for this long."""


class ChatScreen(Screen[None]):
    """One conversation, its prompt box and its footer."""

    CSS_PATH = "chat.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.CHAT)]
    AUTO_FOCUS = "PromptBox"

    pane = query_one(ConversationPane)
    prompt = query_one(PromptBox)
    status = query_one(StatusFooter)

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self._service = bench.service
        self._keys = KeyNames(bench.settings.keys)
        self.conversation = bench.first

    def compose(self) -> ComposeResult:
        """The pane is the program; below it the prompt and one line of figures."""
        yield ConversationPane(self._describe, self._keys)
        yield PromptBox(enter_sends=self._bench.settings.ui.enter_sends)
        yield StatusFooter()

    async def on_mount(self) -> None:
        """Show what there is to go on with."""
        self._stop_watching = self._service.ledger.watch(self.status.show_saving)
        for notice in self._bench.notices:
            self.notify(clean_line(notice), severity="warning", markup=False, timeout=10)
        await self.open(self._bench.first)
        self.prompt.set_history(await self._bench.store.prompts(limit=500))

    async def open(self, conversation: Conversation) -> None:
        """Show another conversation; a reply in flight in the one that is left goes on by itself."""
        await self._keep_draft()
        self.workers.cancel_group(self, "reply")
        self.conversation = conversation
        self.pane.show(conversation)
        self.status.show_conversation(conversation)
        self.prompt.draft = await self._bench.store.draft(self._draft_place)
        self.app.sub_title = clean_line(conversation.title)
        if (reply := self._service.reply_in(conversation.id)) is not None:
            self._follow(reply)
        self.prompt.focus()

    @property
    def _draft_place(self) -> str | None:
        return self.conversation.id if self.conversation.turns else None

    @on(PromptSubmitted)
    async def send(self, event: PromptSubmitted) -> None:
        """Say it; the box is emptied only when it is safely kept."""
        if self._service.reply_in(self.conversation.id) is not None:
            self._complain("A reply is still coming in; Esc stops it.")
            return
        place = self._draft_place
        if await self._begin(self._service.send(self.conversation, event.text)):
            self.prompt.draft = ""
            await self._bench.store.add_prompt(event.text)
            await self._bench.store.set_draft(place, "")
            self.prompt.set_history(await self._bench.store.prompts(limit=500))

    async def action_retry(self) -> None:
        """Have the last prompt of the branch answered again."""
        if (head := self.conversation.head) is not None:
            await self._begin(self._service.retry(self.conversation.id, head))

    async def action_cancel(self) -> None:
        """Stop the reply that is coming in here."""
        if (reply := self._service.reply_in(self.conversation.id)) is not None:
            reply.cancel()
            await reply.wait()

    async def action_new(self) -> None:
        """Begin a new conversation."""
        await self.open(self._bench.blank())

    def action_library(self) -> None:
        """Choose a past conversation."""

        async def chosen(conversation_id: str | None) -> None:
            if conversation_id is not None:
                await self.open(await self._service.open(conversation_id))

        self.app.push_screen(LibraryScreen(self._bench.store), chosen)

    async def _begin(self, sending: Awaitable[Reply]) -> bool:
        try:
            reply = await sending
        except ChatError as error:
            self._complain_of(error)
            return False
        self.conversation = await self._service.open(reply.conversation_id)
        self.pane.show(self.conversation)
        self._follow(reply)
        return True

    @work(group="reply", exclusive=True, exit_on_error=False)
    async def _follow(self, reply: Reply) -> None:
        async for event in reply:
            self.pane.apply(event)
            self.status.apply(event)
            if isinstance(event, TurnEnded):
                self.conversation = self.conversation.with_turn(event.turn, head=False)
                self.status.show_conversation(self.conversation)

    @on(DraftChanged)
    async def keep_draft_soon(self, event: DraftChanged) -> None:
        """Keep what is being written, once the typing pauses."""
        self.set_timer(DRAFT_AFTER_S, self._keep_draft, name="draft")

    async def _keep_draft(self) -> None:
        if self.is_mounted:
            await self._bench.store.set_draft(self._draft_place, self.prompt.draft)

    def _complain_of(self, error: ChatError) -> None:
        words = explain(error)
        self._complain(f"{words.sentence} {words.next_step}")

    def _complain(self, sentence: str) -> None:
        self.notify(clean_line(sentence), severity="warning", markup=False)

    def _describe(self, turn: Turn) -> tuple[str, str] | None:
        words = ending(turn)
        if words is None:
            return None
        key = self._keys(words.action)
        return words.sentence, f"{key}  {words.next_step}" if key else words.next_step
