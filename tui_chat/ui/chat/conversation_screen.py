"""One conversation on the screen: opened, asked, answered, cancelled, with its drafts and its queue."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace

from textual import on, work
from textual.app import ComposeResult
from textual.getters import query_one

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation, Place
from tui_chat.core.error import ChatError
from tui_chat.core.event import TurnEnded
from tui_chat.core.prompt_forecast import context_use
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.service.reply import Reply
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.chat.drafts import Drafts
from tui_chat.ui.chat.external_changes import LOOKED_EVERY_S, ExternalChanges
from tui_chat.ui.chat.model_choices import Models
from tui_chat.ui.chat.prompt_queue import PromptQueue
from tui_chat.ui.chat.reply_updates import follow
from tui_chat.ui.chat.welcome import invitation
from tui_chat.ui.commands.argument_suggestions import arguments
from tui_chat.ui.commands.completion import Completion
from tui_chat.ui.conversation_view.widget import ConversationPane
from tui_chat.ui.error_reporting import ErrorReportingScreen
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import with_keys
from tui_chat.ui.keymap import Scope
from tui_chat.ui.messages import (
    ActionRequested,
    AttentionRequested,
    ChatOpened,
    DraftChanged,
    QueuedPromptRequested,
    QueueLeft,
)
from tui_chat.ui.widgets.editing_banner import EditingBanner
from tui_chat.ui.widgets.find_bar import FindBar
from tui_chat.ui.widgets.forked_from_bar import ForkedFromBar
from tui_chat.ui.widgets.prompt_box import PromptBox
from tui_chat.ui.widgets.queue_bar import QueueBar
from tui_chat.ui.widgets.status_footer import StatusFooter
from tui_chat.ui.widgets.suggestion_list import SuggestionList
from tui_chat.wording import ending, explain

WORTH_A_NOTICE_MS = 10_000
"""A reply that took so long is told to somebody who looks elsewhere."""
AFTER_PAINT_S = 0.1
"""What the letters of every turn may have to be counted for waits until they can be read …"""
_LONG = 500
"""… where there are so many turns that it would be noticed."""


class ConversationScreen(ErrorReportingScreen[None]):
    """The pane, the prompt and the footer, and what flows between them and the service."""

    CSS_PATH = "chat.tcss"
    AUTO_FOCUS = "PromptBox"

    pane = query_one(ConversationPane)
    prompt = query_one(PromptBox)
    status = query_one(StatusFooter)
    queue = query_one(QueueBar)

    def __init__(self, context: AppContext, keys: Keyboard) -> None:
        super().__init__()
        self.context = context
        self.service = context.service
        self.keys = keys
        self.keys.bind(self, Scope.CHAT)
        self.drafts = Drafts(context.store, self.set_timer)
        self._external_changes = ExternalChanges(context.store)
        self.line = PromptQueue(self.drafts, self._show_waiting, self._send, self.reply_here)
        self.conversation = context.first
        self.models = Models(context)
        known = arguments(lambda: self.conversation, self.models, lambda: self.app.available_themes)
        self.completing = Completion(known)
        self._opening = asyncio.Lock()
        self._is_open = False
        """Whether what is in the box is known to be what was being written in this conversation."""
        self.foreseen = ""
        """What the prompt that is being written will cost."""
        self._local: tuple[str, ...] = ()
        """Models of servers that were found on this machine."""
        self.editing: Turn | None = None
        """The prompt that what is written will stand beside."""

    def compose(self) -> ComposeResult:
        """The pane is the program; below it what waits, the prompt, and one line of figures."""
        settings = self.context.settings
        pane = ConversationPane(self._describe, self.keys, settings.ui)
        self.keys.bind(pane, Scope.PANE)
        yield ForkedFromBar(self.keys)
        yield pane
        yield FindBar()
        yield QueueBar(self.keys)
        yield EditingBanner(self.keys)
        yield SuggestionList(self.completing)
        yield PromptBox(self.keys.in_prompt(), self.completing, enter_sends=settings.ui.enter_sends)
        yield StatusFooter(costs=settings.ui.costs)

    async def on_mount(self) -> None:
        """Show what there is to go on with."""
        self.service.save_queue.watch(self.status.show_saving)
        self.service.titling.watch(self._take_title)
        self.status.show_saving(self.service.save_queue.error)
        for notice in self.context.notices:
            self.notify(clean_line(notice), severity="warning", markup=False, timeout=10)
        place = self.context.place or Place(self.context.first.id)
        await self.open(self.context.first, at=place.turn_id, find=place.words)
        self.post_message(ChatOpened())
        self.prompt.set_history(await self.drafts.history())
        if self.conversation.model.startswith("demo/"):
            self._look_for_local()
        self.set_interval(LOOKED_EVERY_S, self._glance_elsewhere)

    @work(exit_on_error=False)
    async def _look_for_local(self) -> None:
        self._local = await self.context.find_local()
        self.pane.invite(*invitation(self.keys, self.conversation.model, self._local))

    def _describe(self, turn: Turn) -> tuple[str, str] | None:
        words = ending(turn)
        if words is None:
            return None
        return words.sentence, with_keys(words.next_step, self.keys, model="reply.retry_with")

    def reply_here(self) -> Reply | None:
        """The reply that comes in here now."""
        return self.service.reply_in(self.conversation.id)

    # What is shown

    async def open(self, conversation: Conversation, *, at: str | None = None, find: Sequence[str] = ()) -> None:
        """Show another conversation; a reply in flight in the one that is left goes on by itself."""
        async with self._opening:
            self._leave()
            self.conversation = conversation
            self.status.show_idle()
            self.show_path(at=at)
            if find:
                self.pane.find(*find)
                self.pane.focus()
            else:
                self.prompt.focus()
            await self.drafts.keep()
            draft = await self.drafts.of(self.place)
            edit = await self.drafts.edit_of(conversation.id)
            if edit is not None and conversation.has(edit[0]):
                self.editing, draft = conversation.turn(edit[0]), edit[1]
            if draft:
                self.prompt.restore_text(draft)  # what somebody typed more quickly than the disk read stays below it
            self._is_open = True
            self.show_hint()
            await self.line.switch_to(conversation.id)
        if (reply := self.service.reply_in(conversation.id)) is not None:
            self._follow(reply)
        elif self.line.is_promised and conversation.path and conversation.path[-1].status is TurnStatus.COMPLETE:
            self.call_later(self.line.send_next)
        with suppress(ChatError):  # it is not stored yet
            await self._external_changes.check_for_changes(conversation.id)

    def _leave(self) -> None:
        """Note what was written here; what is typed from now on belongs to the conversation that comes."""
        if self._is_open:
            self.note_draft()
            self._is_open = False
            self.prompt.draft = ""
        self.workers.cancel_group(self, "reply")
        self.editing = None
        self.foreseen = ""

    def show_path(self, *, at: str | None = None) -> None:
        """Draw the branch that is shown now, with its figures and its name."""
        self.pane.show(self.conversation, at=at)
        self.pane.invite(*invitation(self.keys, self.conversation.model, self._local))
        self.status.show_conversation(self.conversation)
        self._count_context()
        self.name_window()

    @work(group="title", exit_on_error=False)
    async def _take_title(self, conversation_id: str) -> None:
        """Show the title that its model gave, and what asking for it has cost."""
        now = await self.service.save_queue.conversation(conversation_id)
        if self.conversation.id == conversation_id:
            here = replace(
                self.conversation, title=now.title, title_source=now.title_source, side_requests=now.side_requests
            )
            self.conversation = here
            self.status.show_conversation(here)
            self.name_window()

    def name_window(self) -> None:
        """The terminal's title: the conversation and whether something comes in."""
        live = self.reply_here() is not None
        title = clean_line(self.conversation.title) or "tui-chat"
        self.app.title = f"{'● ' if live else ''}{title}"

    @work(group="context", exclusive=True, exit_on_error=False)
    async def _count_context(self) -> None:
        if len(self.conversation.turns) > _LONG:
            await asyncio.sleep(AFTER_PAINT_S)
        facts = await self.context.facts_of(self.conversation.model)
        use = await asyncio.to_thread(context_use, self.conversation, facts.context_window)
        self.status.show_context(use)

    def _glance_elsewhere(self) -> None:
        if self._external_changes.may_have_changed():
            self._look_elsewhere()

    @work(group="elsewhere", exclusive=True, exit_on_error=False)
    async def _look_elsewhere(self) -> None:
        """Show what another copy of the program added; whoever reads stays where they are."""
        here = self.conversation
        if not here.turns or self.service.reply_in(here.id) is not None:
            return
        with suppress(ChatError):  # the next look will tell
            if not await self._external_changes.check_for_changes(here.id):
                return
            now = await self.service.open(here.id)
            if self.conversation is here and self.service.reply_in(here.id) is None:
                goes_on = here.head is None or not now.has(here.head) or here.head in {turn.id for turn in now.path}
                self.conversation = replace(now, head=now.head if goes_on else here.head, model=here.model)
                self.show_path()

    # Asking

    @property
    def place(self) -> str | None:
        """Whose draft is being written."""
        return self.conversation.id if self.conversation.turns else None

    async def say(self, text: str) -> bool:
        """Send it, or let it wait; whether it is safely kept."""
        async with self._opening:
            pass  # it is not known before whether this is another wording of an earlier prompt
        async with self.line.one_by_one:
            if self.reply_here() is None:
                return await self._send(text, self.editing)
        if self.editing is not None:
            self.notify_warning(f"A reply is still coming in; {self.keys('reply.cancel')} stops it.")
            return False
        await self.line.put(text)
        self.prompt.set_history(await self.drafts.sent(self.place, text))
        self.drafts.note(self.place, self.prompt.read_draft)
        return True

    async def _send(self, text: str, instead_of: Turn | None = None) -> bool:
        place, shown = self.place, self.conversation
        if instead_of is not None:
            begun = await self.begin(self.service.edit(shown.id, instead_of.id, text, model=shown.model))
        else:
            begun = await self.begin(self.service.send(shown, text))
        if begun:
            if instead_of is not None:
                await self.end_editing(shown.id)
            self.prompt.set_history(await self.drafts.sent(place, text))
            self.drafts.note(self.place, self.prompt.read_draft)
        return begun

    async def end_editing(self, conversation_id: str) -> None:
        """No prompt is being said differently there any more."""
        if self.conversation.id == conversation_id:
            self.editing = None
            self.show_hint()
        await self.drafts.edited(conversation_id)

    async def begin(self, sending: Awaitable[Reply]) -> bool:
        """Start a reply and follow it; whether it could be started."""
        shown = self.conversation.id
        try:
            reply = await sending
            if self.conversation.id != shown:
                return True
            self.conversation = await self.service.open(reply.conversation_id)
        except ChatError as error:
            self.notify_error(error)
            return False
        self.show_path()
        self._follow(reply)
        return True

    @work(group="reply", exclusive=True, exit_on_error=False)
    async def _follow(self, reply: Reply) -> None:
        self.name_window()
        await follow(reply, self.pane, self.status, self.keys, self._ended)

    def _ended(self, event: TurnEnded) -> None:
        self.conversation = self.conversation.with_turn(event.turn, head=False)
        self.status.show_conversation(self.conversation)
        self._count_context()
        self.name_window()
        if self.context.settings.ui.notify and (event.turn.duration_ms or 0) >= WORTH_A_NOTICE_MS:
            self.post_message(AttentionRequested(f"{self.app.title}: the reply is there"))
        if self.line.prompts and event.turn.status is TurnStatus.COMPLETE:
            self.call_later(self.line.send_next)

    def notify_error(self, error: ChatError) -> None:
        """Say what went wrong and what to do."""
        words = explain(error)
        self.notify_warning(f"{words.sentence} {with_keys(words.next_step, self.keys)}")

    def notify_warning(self, sentence: str) -> None:
        """Say it in passing."""
        self.notify(clean_line(sentence), severity="warning", markup=False)

    # What waits in line

    def _show_waiting(self, prompts: Sequence[str]) -> None:
        self.queue.waiting = prompts
        self.prompt.has_queued = bool(prompts)

    @on(QueuedPromptRequested)
    async def change_queued(self, event: QueuedPromptRequested) -> None:
        """Send one that waits at once, or take it back into the box; with none, cut a countdown short."""
        if self.line.prompts and not event.now:
            self.prompt.restore_text(await self.line.take(-1 if event.at is None else event.at))
            self.prompt.focus()
        elif self.line.prompts:
            await self.line.send_now(event.at or 0)
        elif (reply := self.reply_here()) is not None:
            reply.retry_now()

    def action_choose_queued(self) -> None:
        """Go to what waits."""
        if self.line.prompts:
            self.queue.focus()
        else:
            self.notify("No prompt waits.", markup=False)

    @on(QueueLeft)
    def leave_queued(self) -> None:
        """Go on writing."""
        self.prompt.focus()

    @on(DraftChanged)
    def note_draft(self) -> None:
        """Keep what is being written."""
        if not self._is_open:
            return
        if self.editing is None:
            self.drafts.note(self.place, self.prompt.read_draft)
        else:
            self.drafts.note(self.conversation.id, self.prompt.read_draft, instead_of=self.editing.id)

    @on(ActionRequested)
    async def act(self, event: ActionRequested) -> None:
        """Do what a key stands for."""
        await self.run_action(event.action)

    def show_hint(self, hint: str | None = None) -> None:
        """What is worth knowing now: that a prompt is edited, what was asked for, what a prompt will cost."""
        self.query_one(EditingBanner).is_editing = self.editing is not None
        self.status.show_hint("; ".join(part for part in (hint, self.foreseen) if part))
