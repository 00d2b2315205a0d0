"""Retry, edit, continue, fork and the way between branches, on top of a conversation on the screen."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from textual import work
from textual.getters import query_one

from tui_chat.core.conversation import Conversation, Origin
from tui_chat.core.error import ChatError
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.service.reply import Reply
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.chat.branch_navigation import Trail, beside, last, prompt_of
from tui_chat.ui.chat.conversation_screen import ConversationScreen
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.widgets.forked_from_bar import ForkedFromBar
from tui_chat.wording import ending

Undo = Callable[[], Awaitable[None]]


class BranchingScreen(ConversationScreen):
    """Everything that makes a branch, and everything that goes to one."""

    origin_bar = query_one(ForkedFromBar)
    _undoable: tuple[Undo, ...] = ()

    def __init__(self, context: AppContext, keys: Keyboard) -> None:
        super().__init__(context, keys)
        self.trail = Trail()

    def _reply(self) -> Turn | None:
        chosen = self.pane.chosen_turn
        return chosen if chosen is not None else last(self.conversation.path, Role.ASSISTANT)

    async def action_retry(self) -> None:
        """Answer the chosen turn's prompt again, or the last one."""
        await self.retry_with_model(None)

    async def retry_with_model(self, model: str | None) -> None:
        """Answer it again; with another model where one is named."""
        turn = self.pane.chosen_turn or (self.conversation.path[-1] if self.conversation.path else None)
        if turn is None:
            self.notify_warning("There is no prompt to answer yet.")
        elif (reply := self.service.reply_in(self.conversation.id)) is not None and reply.turn_id == turn.id:
            self.notify_warning(f"It is being answered; {self.keys('reply.cancel')} stops it.")
        elif await self.begin(self.service.retry(self.conversation.id, turn.id, model=model)):
            self.prompt.focus()

    async def action_continue_reply(self) -> None:
        """Have an unfinished reply finished."""
        reply = self._reply()
        if reply is not None and reply.role is Role.USER:
            below = [turn for turn in self.conversation.path if turn.parent_id == reply.id]
            reply = below[0] if below else None
        if reply is None:
            self.notify_warning("There is no reply to continue yet.")
        elif reply.status is TurnStatus.COMPLETE and ending(reply) is None:
            self.notify_warning(f"This reply is complete; {self.keys('reply.retry')} asks for another one.")
        elif await self.begin(self.service.continue_(self.conversation.id, reply.id)):
            self.prompt.focus()

    async def action_edit(self) -> None:
        """Take the chosen prompt, or the last one, into the box; sent, it stands beside the old one."""
        prompt = prompt_of(self.conversation, self.pane.chosen_turn)
        if prompt is None:
            self.notify_warning("There is no prompt to edit yet.")
            return
        if self.service.reply_in(self.conversation.id) is not None:
            self.notify_warning(f"A reply is still coming in; {self.keys('reply.cancel')} stops it.")
            return
        await self.drafts.keep()
        self.editing = prompt
        self.prompt.draft = "".join(part.text for part in prompt.parts if isinstance(part, TextPart))
        self.show_hint()
        self.prompt.focus()

    async def leave_editing(self) -> None:
        """Leave the old prompt as it is and go on with the draft; another wording of it is put by."""
        written, editing = self.prompt.draft, self.editing
        await self.end_editing(self.conversation.id)
        self.prompt.draft = await self.drafts.of(self.place)
        if editing is not None and written.strip() and written != editing.text:
            self.prompt.set_history(await self.drafts.remember(written))
            self.notify(f"Put by; {self.keys('prompt.older')} brings it back.", markup=False)

    async def action_branch(self, by: int) -> None:
        """Show the reply or prompt beside the chosen one, or beside the last that has any."""
        chosen = self.pane.chosen_turn
        sibling = beside(self.conversation, chosen, by)
        if sibling is None:
            self.notify_warning("There is no other branch on that side.")
            return
        await self.go_to(sibling, choose=chosen is not None)

    async def go_to(self, turn_id: str, *, at: str | None = None, choose: bool = False) -> None:
        """Show the branch through that turn, where it was last left."""
        self.trail.leave(self.conversation)
        await self.show_branch(self.trail.end_of(self.conversation, turn_id), at=at)
        if choose:
            self.pane.choose(turn_id)

    async def show_branch(self, leaf: str, *, at: str | None = None) -> None:
        """Show the branch that ends there, now and at the next start."""
        conversation_id = self.conversation.id
        try:
            await self.service.show_branch(conversation_id, leaf)
            fresh = await self.service.open(conversation_id)
        except ChatError as error:
            self.notify_error(error)
            fresh = self.conversation
        if self.conversation.id != conversation_id:
            return
        self.workers.cancel_group(self, "reply")
        self.conversation = replace(self.conversation, turns=fresh.turns, head=leaf)
        self.show_path(at=at)
        if (reply := self.service.reply_in(conversation_id)) is not None:
            self._follow(reply)

    async def begin(self, sending: Awaitable[Reply]) -> bool:
        """Start a reply; where it leaves the branch that was shown, that can be undone."""
        before = self.conversation
        begun = await super().begin(sending)
        shown = {turn.id for turn in self.conversation.path}
        if begun and self.conversation.id == before.id and before.head is not None and before.head not in shown:
            self.trail.leave(before)
            self.can_undo(partial(self._go_back, before))
        return begun

    async def _go_back(self, before: Conversation) -> None:
        """Show the branch that was shown before; what was begun since is stopped, and stays beside."""
        if (reply := self.service.reply_in(before.id)) is not None:
            reply.cancel()
            await reply.wait()
        await self.return_to(before)
        if before.head is not None:
            await self.show_branch(before.head)

    # Undoing

    async def return_to(self, conversation: Conversation) -> None:
        """Show the conversation that something is undone in, where another one is shown by now."""
        if self.conversation.id != conversation.id:
            await self.open(await self.service.open(conversation.id) if conversation.turns else conversation)

    def can_undo(self, undo: Undo) -> None:
        """This brings back what is changed now."""
        self._undoable = (*self._undoable, undo)

    async def action_undo_last(self) -> None:
        """Undo the last thing that was changed, dropped or deleted."""
        if not self._undoable:
            self.notify("There is nothing to undo.", markup=False)
            return
        *rest, undo = self._undoable
        self._undoable = tuple(rest)
        try:
            await undo()
        except ChatError as error:
            self.notify_error(error)

    def action_tree(self) -> None:
        """See the whole conversation, and go somewhere in it."""
        from tui_chat.ui.dialogs.tree import TreeScreen

        async def chosen(turn_id: str | None) -> None:
            if turn_id is not None:
                await self.go_to(turn_id, at=turn_id)

        if self.conversation.turns:
            self.app.push_screen(
                TreeScreen(self.conversation, self.pane.chosen_turn, costs=self.context.settings.ui.costs), chosen
            )

    async def action_fork(self) -> None:
        """Begin a new conversation with everything up to the chosen turn."""
        turn = self.pane.chosen_turn or (self.conversation.path[-1] if self.conversation.path else None)
        if turn is None or turn.is_live:
            self.notify_warning("There is nothing to fork from yet.")
            return
        try:
            forked = await self.service.fork(self.conversation.id, turn.id)
        except ChatError as error:
            self.notify_error(error)
            return
        await self.open(forked)
        self.notify("Forked: this is a new conversation, and the old one is as it was.", markup=False)

    async def open(self, conversation: Conversation, *, at: str | None = None, find: Sequence[str] = ()) -> None:
        """Show another conversation, and where it was forked from."""
        await super().open(conversation, at=at, find=find)
        self.origin_bar.source = ""
        if (origin := conversation.origin) is not None and origin.conversation_id:
            self._show_origin(origin)

    @work(group="origin", exclusive=True, exit_on_error=False)
    async def _show_origin(self, origin: Origin) -> None:
        try:
            source = await self.service.open(origin.conversation_id)
        except ChatError:
            return
        if self.conversation.origin == origin:
            self.origin_bar.source = source.title or "an untitled conversation"

    async def action_origin(self) -> None:
        """Back to the conversation that this one was forked from, where it was."""
        origin = self.conversation.origin
        if origin is None or not origin.conversation_id:
            self.notify("This conversation is no fork of another.", markup=False)
            return
        try:
            source = await self.service.open(origin.conversation_id)
        except ChatError as error:
            self.notify_error(error)
            return
        if source.deleted_at is not None:
            self.notify_warning("The conversation that this one was forked from is in the trash.")
            return
        await self.open(source)
        if source.has(origin.turn_id):
            if origin.turn_id not in {turn.id for turn in source.path}:
                await self.go_to(origin.turn_id)
            self.pane.choose(origin.turn_id)
