"""Compare two replies to the same prompt: siblings that are there, or new ones of two models at once."""

from collections.abc import Sequence

from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn
from tui_chat.service.reply import Reply
from tui_chat.ui.chat.branch_actions import BranchActions
from tui_chat.ui.chat.branch_navigation import reply_of
from tui_chat.ui.chat.chat_view import ChatView

_MOST_MODELS = 2


class CompareActions:
    def __init__(self, chat: ChatView, branches: BranchActions) -> None:
        self._chat = chat
        self._branches = branches

    async def compare(self, models: str = "") -> None:
        """Compare the selected reply with a sibling; with models, regenerate it with one or two of them first."""
        chat = self._chat
        names = models.split()
        reply = reply_of(chat.conversation, chat.pane.current_turn)
        if chat.live_reply is not None:
            chat.notify_warning(f"A reply is still streaming; {chat.keys('reply.cancel')} stops it.")
        elif len(names) > _MOST_MODELS:
            chat.notify_warning("Name one or two models: /compare sonnet gpt-6")
        elif reply is None:
            chat.notify_warning("There is no reply to compare yet.")
        elif names:
            await self._regenerate(reply, names)
        else:
            self.compare_turn(reply.id)

    def compare_turn(self, turn_id: str) -> None:
        """Compare a reply, or what a prompt was edited from, with the sibling before it, else the one after it."""
        siblings = self._chat.conversation.siblings_of(turn_id)
        if self._chat.conversation.turn(turn_id).role is Role.USER or len(siblings) < 2:
            self._chat.notify_warning("This prompt has one reply: /compare MODEL adds another model's and compares.")
            return
        at = [turn.id for turn in siblings].index(turn_id)
        first, second = (at - 1, at) if at else (0, 1)
        self._show((siblings[first].id, siblings[second].id))

    async def _regenerate(self, reply: Turn, names: Sequence[str]) -> None:
        chat, before = self._chat, self._chat.conversation
        models = [await chat.context.resolve_model(name) for name in names]
        replies = await chat.service.retry_with_each(before.id, reply.id, models)
        chat.conversation = (await chat.service.open(before.id)).with_head(before.head or reply.id)
        ids = [new.turn_id for new in replies]
        self._show((ids[0], ids[1]) if len(ids) > 1 else (reply.id, ids[0]), replies, before)
        for note in (note for new in replies for note in new.notes):
            chat.notify_warning(note)

    def _show(
        self, turn_ids: tuple[str, str], replies: Sequence[Reply] = (), before: Conversation | None = None
    ) -> None:
        from tui_chat.ui.compare.screen import CompareScreen

        chat, ui = self._chat, self._chat.context.settings.ui

        async def closed(kept: str | None) -> None:
            if kept is not None:
                await self._branches.go_to(kept, at=kept)
            elif before is not None and before.head is not None:  # the new replies stay as branches
                await self._branches.go_to(before.head)
            if before is not None:
                self._branches.note_left(before)
            chat.prompt.focus()

        screen = CompareScreen(chat.keys, chat.conversation, turn_ids, replies, measure=ui.measure, costs=ui.costs)
        chat.app.push_screen(screen, closed)
