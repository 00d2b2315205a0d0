"""Retry, edit, continue, fork and the way between branches, on top of a conversation on the screen."""

from tui_chat.core.error import ChatError
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn
from tui_chat.ui.branches import beside, last, prompt_of
from tui_chat.ui.screens.conversation import ConversationScreen
from tui_chat.ui.screens.tree import TreeScreen


class BranchingScreen(ConversationScreen):
    """Everything that makes a branch, and everything that goes to one."""

    def _reply(self) -> Turn | None:
        chosen = self.pane.chosen_turn
        return chosen if chosen is not None else last(self.conversation.path, Role.ASSISTANT)

    async def action_retry(self) -> None:
        """Answer the chosen turn's prompt again, or the last one."""
        await self.retry_with_model(None)

    async def retry_with_model(self, model: str | None) -> None:
        """Answer it again; with another model where one is named."""
        turn = self.pane.chosen_turn or (self.conversation.path[-1] if self.conversation.path else None)
        if turn is not None:
            await self.begin(self.service.retry(self.conversation.id, turn.id, model=model))
            self.prompt.focus()

    async def action_continue_reply(self) -> None:
        """Have an unfinished reply finished."""
        if (reply := self._reply()) is not None:
            await self.begin(self.service.continue_(self.conversation.id, reply.id))
            self.prompt.focus()

    async def action_edit(self) -> None:
        """Take the chosen prompt, or the last one, into the box; sent, it stands beside the old one."""
        prompt = prompt_of(self.conversation, self.pane.chosen_turn)
        if prompt is None:
            self.complain("There is no prompt to edit yet.")
            return
        if self.service.reply_in(self.conversation.id) is not None:
            self.complain(f"A reply is still coming in; {self.keys('reply.cancel')} stops it.")
            return
        await self.drafts.keep()
        self.editing = prompt
        self.prompt.draft = "".join(part.text for part in prompt.parts if isinstance(part, TextPart))
        self.status.show_hint(f"editing an earlier prompt; {self.keys('reply.cancel')} leaves it as it is")
        self.prompt.focus()

    async def leave_editing(self) -> None:
        """Leave the old prompt as it is and go on with the draft."""
        self.editing = None
        self.status.show_hint("")
        self.prompt.draft = await self.drafts.of(self.place)

    async def action_branch(self, by: int) -> None:
        """Show the reply or prompt beside the chosen one, or beside the last that has any."""
        chosen = self.pane.chosen_turn
        leaf = beside(self.conversation, chosen, by)
        if leaf is None:
            self.complain("There is no other branch on that side.")
            return
        siblings = self.conversation.siblings_of(chosen.id) if chosen else ()
        await self.show_branch(leaf)
        if chosen is not None:
            at = [turn.id for turn in siblings].index(chosen.id) + by
            self.pane.choose(siblings[at].id)

    async def show_branch(self, leaf: str, *, at: str | None = None) -> None:
        """Show the branch that ends there, now and at the next start."""
        self.conversation = self.conversation.with_head(leaf)
        try:
            await self.service.show_branch(self.conversation.id, leaf)
        except ChatError as error:
            self.complain_of(error)
        self.show_path(at=at)

    def action_tree(self) -> None:
        """See the whole conversation, and go somewhere in it."""

        async def chosen(turn_id: str | None) -> None:
            if turn_id is not None:
                await self.show_branch(self.conversation.leaf_under(turn_id), at=turn_id)

        if self.conversation.turns:
            self.app.push_screen(TreeScreen(self.conversation, self.pane.chosen_turn), chosen)

    async def action_fork(self) -> None:
        """Begin a new conversation with everything up to the chosen turn."""
        turn = self.pane.chosen_turn or (self.conversation.path[-1] if self.conversation.path else None)
        if turn is None or turn.is_live:
            self.complain("There is nothing to fork from yet.")
            return
        try:
            forked = await self.service.fork(self.conversation.id, turn.id)
        except ChatError as error:
            self.complain_of(error)
            return
        await self.open(forked)
        self.notify("Forked: this is a new conversation, and the old one is as it was.", markup=False)
