"""Regenerate, edit, continue and fork, and the way from branch to branch."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tui_chat.core.conversation import Conversation, Origin
from tui_chat.core.error import ChatError
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.ui.attachment_marks import attachments_in, prompt_text
from tui_chat.ui.chat.branch_navigation import Trail, last, prompt_of, reply_of, sibling_of
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.prompt_actions import PromptActions
from tui_chat.ui.undo import UndoStack
from tui_chat.wording import ending


class BranchActions:
    def __init__(self, chat: ChatView, prompts: PromptActions, undo: UndoStack) -> None:
        self._chat = chat
        self._prompts = prompts
        self._undo = undo
        self._trail = Trail()

    # Making branches

    async def regenerate(self, model: str | None = None) -> None:
        """Answer the prompt of the selected turn again, or the last one; with another model if one is named."""
        chat = self._chat
        turn = self._selected_or_last()
        if turn is None:
            chat.notify_warning("There is no prompt to reply to yet.")
        elif (reply := chat.live_reply) is not None and reply.turn_id == turn.id:
            chat.notify_warning(f"This reply is still streaming; {chat.keys('reply.cancel')} stops it.")
        elif await chat.start_reply(chat.service.retry(chat.conversation.id, turn.id, model=model)):
            chat.prompt.focus()

    async def continue_reply(self) -> None:
        """Continue the selected reply, or the last one, if it is unfinished."""
        chat = self._chat
        reply = reply_of(chat.conversation, chat.pane.current_turn)
        if reply is None:
            chat.notify_warning("There is no reply to continue yet.")
        elif reply.status is TurnStatus.COMPLETE and ending(reply) is None:
            chat.notify_warning(f"This reply is complete; {chat.keys('reply.retry')} regenerates it.")
        elif await chat.start_reply(chat.service.continue_(chat.conversation.id, reply.id)):
            chat.prompt.focus()

    async def edit(self) -> None:
        """Edit the selected prompt, or the last one; sent, it becomes a sibling of the old one."""
        chat = self._chat
        edited = prompt_of(chat.conversation, chat.pane.current_turn)
        if edited is None:
            chat.notify_warning("There is no prompt to edit yet.")
            return
        if chat.live_reply is not None:
            chat.notify_warning(f"A reply is still streaming; {chat.keys('reply.cancel')} stops it.")
            return
        await self._prompts.start_editing(edited)

    async def edit_reply(self) -> None:
        """Edit the selected reply, or the last one; what is kept becomes a sibling, and nothing is sent."""
        chat = self._chat
        turn, path = chat.pane.current_turn, chat.conversation.path
        reply = turn if turn is not None and turn.role is Role.ASSISTANT else last(path, Role.ASSISTANT)
        if reply is None:
            chat.notify_warning("There is no reply to edit yet.")
        elif chat.live_reply is not None:
            chat.notify_warning(f"A reply is still streaming; {chat.keys('reply.cancel')} stops it.")
        else:
            await self._prompts.start_editing(reply)

    async def send_without_files(self) -> None:
        """Send the prompt in the prompt box without its files; if it has none, the selected or last prompt again."""
        chat = self._chat
        draft = chat.prompt.draft
        prompt = prompt_of(chat.conversation, chat.pane.current_turn)
        if attachments_in(draft):
            if words := prompt_text(draft).strip():
                chat.prompt.submit(words)
            else:
                chat.notify_warning("Without its files this prompt is empty.")
        elif prompt is None:
            chat.notify_warning("There are no files to leave out.")
        elif await chat.start_reply(
            chat.service.send_without_attachments(chat.conversation.id, prompt.id, model=chat.conversation.model)
        ):
            chat.prompt.focus()

    async def fork(self) -> None:
        """Start a new conversation with everything up to the selected turn."""
        chat = self._chat
        turn = self._selected_or_last()
        if turn is None or turn.is_live:
            chat.notify_warning("There is nothing to fork yet.")
            return
        await chat.open(await chat.service.fork(chat.conversation.id, turn.id))
        chat.notify("Forked into a new conversation; the original is unchanged.")

    def _selected_or_last(self) -> Turn | None:
        path = self._chat.conversation.path
        return self._chat.pane.current_turn or (path[-1] if path else None)

    # Moving between branches

    async def show_sibling(self, by: int) -> None:
        """Show a sibling of the selected turn, or of the last turn that has siblings."""
        selected = self._chat.pane.current_turn
        sibling = sibling_of(self._chat.conversation, selected, by)
        if sibling is None:
            self._chat.notify_warning("No next branch." if by > 0 else "No previous branch.")
            return
        await self.go_to(sibling, select=selected is not None)

    async def go_to(self, turn_id: str, *, at: str | None = None, select: bool = False) -> None:
        """Show the branch through that turn, to the end that was last seen."""
        self._trail.leave(self._chat.conversation)
        await self._show_branch(self._trail.end_of(self._chat.conversation, turn_id), at=at)
        if select:
            self._chat.pane.go_to(turn_id)

    def through(self, conversation: Conversation, turn_id: str) -> Conversation:
        """Return the conversation with the branch through that turn shown, to the end that was last seen."""
        if turn_id in {turn.id for turn in conversation.path}:
            return conversation
        return conversation.with_head(self._trail.end_of(conversation, turn_id))

    async def _show_branch(self, leaf: str, *, at: str | None = None) -> None:
        """Show the branch that ends with this turn, and remember it as the one that is shown."""
        chat = self._chat
        conversation_id = chat.conversation.id
        try:
            await chat.service.show_branch(conversation_id, leaf)
            latest = await chat.service.open(conversation_id)
        except ChatError as error:
            chat.notify_error(error)
            latest = chat.conversation
        if chat.conversation.id != conversation_id:
            return
        chat.conversation = replace(chat.conversation, turns=latest.turns, head=leaf)
        chat.follow(None)
        chat.show_path(at=at)
        chat.follow(chat.live_reply)

    def note_left(self, before: Conversation) -> None:
        """Let the user undo a new reply that left the branch that was shown before."""
        now = self._chat.conversation
        if before.head is not None and before.head not in {turn.id for turn in now.path}:
            self._trail.leave(before)
            self._undo.push(partial(self._go_back, before))

    async def _go_back(self, before: Conversation) -> None:
        for reply in self._chat.service.replies_in(before.id):
            reply.cancel()
            await reply.wait()
        await self._chat.return_to(before)
        if before.head is not None:
            await self._show_branch(before.head)

    def show_tree(self, compare: Callable[[str], object]) -> None:
        """Show the conversation as a tree, and go to the turn that is selected there, or compare it."""
        from tui_chat.ui.dialogs.tree import TreeScreen

        async def go_to(turn_id: str | None) -> None:
            if turn_id is not None:
                await self.go_to(turn_id, at=turn_id)

        chat = self._chat
        if not chat.conversation.turns:
            chat.notify_warning("There are no messages yet.")
            return
        costs = chat.context.settings.ui.costs
        tree = TreeScreen(chat.keys, chat.conversation, chat.pane.current_turn, costs=costs, compare=compare)
        chat.app.push_screen(tree, go_to)

    # The conversation that this one was forked from

    def show_origin(self) -> None:
        """Show which conversation this one was forked from."""
        self._chat.forked_from_bar.source = ""
        if (origin := self._chat.conversation.origin) is not None and origin.conversation_id:
            load = partial(self._load_origin, origin)
            self._chat.run_worker(load, group="origin", exclusive=True, exit_on_error=False)

    async def _load_origin(self, origin: Origin) -> None:
        try:
            source = await self._chat.service.open(origin.conversation_id)
        except ChatError:
            return
        if self._chat.conversation.origin == origin:
            self._chat.forked_from_bar.source = source.title or "an untitled conversation"

    async def open_origin(self) -> None:
        """Open the conversation that this one was forked from, at the fork."""
        chat = self._chat
        origin = chat.conversation.origin
        if origin is None or not origin.conversation_id:
            chat.notify("This conversation is not a fork.")
            return
        source = await chat.service.open(origin.conversation_id)
        if source.deleted_at is not None:
            chat.notify_warning("The original conversation is in the trash.")
            return
        await chat.open(source)
        if source.has(origin.turn_id):
            if origin.turn_id not in {turn.id for turn in source.path}:
                await self.go_to(origin.turn_id)
            chat.pane.go_to(origin.turn_id)
