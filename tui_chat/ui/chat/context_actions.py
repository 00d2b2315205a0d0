"""Keep a conversation small and cheap: a summary, messages that are left out, and the budget."""

from functools import partial

from tui_chat.core.budget import Standing
from tui_chat.core.compaction import is_left_out
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.core.format_numbers import full_tokens, percent
from tui_chat.core.prompt_forecast import ContextUse
from tui_chat.core.turn import Turn
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.undo import UndoStack


class ContextActions:
    def __init__(self, chat: ChatView, undo: UndoStack) -> None:
        self._chat = chat
        self._undo = undo
        self._is_tight: dict[str, bool] = {}
        """Whether the context of a conversation was nearly full when it was last looked at."""

    def report(self, use: ContextUse) -> None:
        """Warn when the context becomes nearly full; again only after it was not."""
        chat = self._chat
        was_tight = self._is_tight.get(chat.conversation.id, False)
        self._is_tight[chat.conversation.id] = use.is_tight
        if use.is_tight and not was_tight and use.share is not None:
            chat.notify_warning(f"The context is {percent(use.share)} full. {self.remedy}")

    @property
    def remedy(self) -> str:
        """What helps against a full context, with the key."""
        chat = self._chat
        key = chat.keys("read.leave_out")
        leave_out = f"{key} in reading mode leaves a message out" if key else "/leave-out leaves a message out"
        return f"/compact continues from a summary; {leave_out}."

    def lift_budget(self) -> None:
        """Let the next request go over the budget."""
        gate = self._chat.service.gate
        if gate.budget:
            gate.lift_once()
            self._chat.notify("The next request may go over the budget.")
        else:
            self._chat.notify("No budget is set; [budget] in the settings sets one.")

    async def budget_standing(self) -> Standing | None:
        """Return the limit of which most is spent."""
        try:
            return await self._chat.service.gate.standing(self._chat.conversation)
        except ChatError:
            return None

    async def compact(self, instructions: str = "") -> None:
        """Have the model summarise the branch that is shown, and continue from the summary."""
        chat = self._chat
        if await chat.start_reply(chat.service.compact(chat.conversation, instructions)):
            chat.prompt.focus()
        elif chat.conversation.turns:
            chat.prompt.restore_text(f"/compact {instructions}".rstrip())

    async def leave_out(self) -> None:
        """Leave the selected message out of the next requests, or the last one; or send it again."""
        chat = self._chat
        path = chat.conversation.path
        turn = chat.pane.current_turn or (path[-1] if path else None)
        if turn is None:
            chat.notify_warning("There is no message to leave out yet.")
        elif turn.is_live:
            chat.notify_warning(f"This reply is still streaming; {chat.keys('reply.cancel')} stops it.")
        else:
            marked = self._marked(chat.conversation, turn)
            is_out = marked in chat.conversation.left_out
            self._undo.push(partial(self._set, chat.conversation, marked, is_out))
            await self._set(chat.conversation, marked, not is_out)
            chat.pane.go_to(turn.id)

    def _marked(self, conversation: Conversation, turn: Turn) -> str:
        """Return the turn whose mark decides: a prompt that is left out takes its reply with it."""
        is_with_prompt = turn.id not in conversation.left_out and is_left_out(conversation, turn)
        return turn.parent_id if is_with_prompt and turn.parent_id is not None else turn.id

    async def _set(self, conversation: Conversation, turn_id: str, left_out: bool) -> None:
        chat = self._chat
        await chat.return_to(conversation)
        now = await chat.service.leave_out(conversation.id, turn_id, left_out)
        if chat.conversation.id == conversation.id:
            chat.show_left_out(now)
            again = chat.keys("read.leave_out") or "/leave-out"
            chat.notify(
                f"Left out of the next requests; {again} includes it again." if left_out else "It is included again."
            )

    def count_tokens(self) -> None:
        """Show how many tokens the provider counts in the branch that is shown."""
        if not self._chat.conversation.turns:
            self._chat.notify_warning("There is nothing to count yet.")
            return
        self._chat.run_worker(self._count_tokens, exit_on_error=False)

    async def _count_tokens(self) -> None:
        try:
            tokens = await self._chat.service.count(self._chat.conversation)
        except ChatError as error:
            self._chat.notify_error(error)
            return
        if tokens is None:
            self._chat.notify("This provider cannot count tokens.")
        else:
            self._chat.notify(f"{full_tokens(tokens)} tokens, counted by the provider.")
