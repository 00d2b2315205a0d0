"""Write a prompt: its draft, editing an earlier prompt, editor, history, completion, cost and size."""

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from tui_chat.core.format_numbers import when
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Role, Turn
from tui_chat.ui.attachment_marks import attachments_in, brief, draft_text, mark_of
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.drafts import Drafts, Unsaved
from tui_chat.ui.chat.model_choices import ModelChoices
from tui_chat.ui.chat.prompt_forecast_text import cost_estimate, draft_of, overflow_warning
from tui_chat.ui.commands.slash_commands import parse
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice
from tui_chat.ui.terminal.external_editor import EditorFailed, edited

ESTIMATE_DELAY_S = 0.4
_MAX_HISTORY = 2000
_EARLY_HISTORY = 20
_MAX_CHARACTERS = 300
_TAKE_A_MODEL = ("/model ", "/retry ", "/options ")


class PromptActions:
    def __init__(self, chat: ChatView, drafts: Drafts, models: ModelChoices) -> None:
        self._chat = chat
        self._drafts = drafts
        self._models = models
        self.editing: Turn | None = None
        """The earlier prompt whose new version is being written."""
        self._left = ("", "")
        """The conversation that was left last, and its draft."""
        self._is_restored = False
        """Whether the prompt box holds the draft of the conversation that is shown."""
        self._stashed = ""
        """The draft that was put away last."""
        self._estimate_text = ""
        self._warned_of = ""
        """The prompt that was reported as too long; sent again, it is sent."""

    @property
    def _edits_reply(self) -> bool:
        """Whether a reply is being edited: it is kept, and not sent."""
        return self.editing is not None and self.editing.role is Role.ASSISTANT

    # Drafts

    @property
    def draft_key(self) -> str | None:
        conversation = self._chat.conversation
        return conversation.id if conversation.turns else None

    def leave(self) -> None:
        """Save the draft and clear the prompt box; what is typed from now on belongs to the next conversation."""
        self._left = ("", "")
        if self._is_restored:
            self._left = (self._chat.conversation.id, self._chat.prompt.draft)
            # Prompts that are still to be sent are for the next conversation.
            self._update_draft(self._chat.prompt.read_draft)
            self._is_restored = False
            self._chat.prompt.draft = ""
        self.editing = None
        self._estimate_text = ""

    async def restore(self) -> None:
        """Show the draft or the edit of the conversation, above what was typed while it was loaded."""
        conversation = self._chat.conversation
        await self._drafts.flush()
        draft = await self._drafts.load(self.draft_key)
        edit = await self._drafts.load_edit(conversation.id)
        if edit is not None and conversation.has(edit[0]):
            self.editing, draft = conversation.turn(edit[0]), edit[1]
        # The same conversation may be opened once more while its prompt is typed.
        is_known = self._left == (conversation.id, draft)
        if draft and is_known:
            self._chat.prompt.draft = draft + self._chat.prompt.draft
        elif self.editing is not None and not self._chat.prompt.text:
            self._chat.prompt.show_to_edit(draft)
        elif draft:
            self._chat.prompt.restore_text(draft)
        self._is_restored = True
        if self._chat.prompt.text or self._chat.prompt.unstored:
            self.save_draft()
        self._show_hint()
        if draft and not is_known and self.draft_key is None:
            self._notify_restored(await self._drafts.written_at())

    async def restore_early(self, texts: Sequence[str]) -> None:
        """Put back what was typed into a program that ended while it started, unless it is a draft or was sent."""
        sent = {text.strip() for text in await self._drafts.history(_EARLY_HISTORY)} if texts else set()
        new = [text for text in texts if text.strip() not in sent and text.strip() not in self._chat.prompt.draft]
        if new:
            self._chat.prompt.restore_text("\n".join(new))
            self._notify_restored(None)

    async def make_room(self, *, sends: bool) -> None:
        """Keep what was typed before the draft was seen apart from it, and from being sent with it."""
        if sends and self.editing is not None:
            await self.leave_editing()
        if not self._chat.prompt.draft.strip():
            return
        if sends:
            await self.clear()
        else:
            self._chat.prompt.draft += "\n"

    def estimate(self, read_text: Callable[[], str]) -> None:
        """Show soon what the draft will cost."""
        self._chat.run_worker(
            partial(self._estimate, read_text), group="estimate", exclusive=True, exit_on_error=False
        )

    def save_draft(self) -> None:
        """Save the draft soon, with the prompts that were sent and are not stored yet."""
        if self._is_restored:
            self._update_draft(self._chat.prompt.read_unstored)

    def _update_draft(self, read_text: Callable[[], str]) -> None:
        if self.editing is None:
            self._drafts.update(self.draft_key, read_text)
        else:
            self._drafts.update(self._chat.conversation.id, read_text, edited_id=self.editing.id)

    async def mark_sent(self, draft_key: str | None, text: str) -> None:
        """Move a prompt that was sent into the history; what was typed since is the draft."""
        prompt = self._chat.prompt
        prompt.mark_stored(text)
        rest = Unsaved(self.draft_key, prompt.read_unstored) if self._is_restored else None
        prompt.set_history(await self._drafts.mark_sent(draft_key, text, rest))

    async def mark_edit_sent(self, conversation_id: str, text: str) -> None:
        """Move the new version of a prompt into the history; show the draft again, above what was typed since."""
        prompt = self._chat.prompt
        draft = await self._drafts.load(conversation_id)
        prompt.mark_stored(text)
        if self._chat.conversation.id == conversation_id:
            self.editing = None
            if draft:
                prompt.restore_text(draft)
            self._show_hint()
            self.save_draft()
        await self._drafts.flush()
        await self._drafts.clear_edit(conversation_id)
        await self._put_into_history(text)

    async def clear(self) -> None:
        """Clear the prompt box; the draft goes into the history."""
        await self._take_away(self._chat.prompt.draft)
        self._notify_cleared()

    async def _take_away(self, draft: str) -> None:
        self._chat.prompt.draft = ""  # first: the store may take long, and the user types on
        await self._put_into_history(draft)

    async def stash(self) -> None:
        """Put the draft away; in an empty prompt box, bring back what was put away last."""
        prompt = self._chat.prompt
        if prompt.draft.strip():
            self._stashed = prompt.draft
            await self._take_away(self._stashed)
            keys = filter(None, (self._chat.keys("prompt.stash"), self._chat.keys("prompt.older")))
            self._chat.notify(f"Put away; {' or '.join(keys)} brings it back.")
        elif self._stashed:
            prompt.draft, self._stashed = self._stashed, ""
            self._chat.notify("Draft brought back.")
        else:
            self._chat.notify("There is no draft to put away.")

    async def _put_into_history(self, text: str) -> None:
        self._chat.prompt.set_history(await self._drafts.add_to_history(text))

    def _notify_cleared(self) -> None:
        self._chat.notify(f"Cleared; {self._chat.keys('prompt.older')} restores it.")

    def _notify_restored(self, written_at: datetime | None) -> None:
        """Report that a new conversation starts with a draft that was written before, and when if that is known."""
        key = self._chat.keys("app.interrupt")
        from_then = "" if written_at is None else f" from {when(written_at, datetime.now().astimezone())}"
        self._chat.notify(f"Unsent draft{from_then} restored" + (f"; {key} clears it." if key else "."))

    # Editing an earlier prompt

    async def start_editing(self, prompt: Turn) -> None:
        """Put an earlier prompt into the prompt box; sent, it becomes a sibling of the old one."""
        await self._drafts.flush()
        self.editing = prompt
        self._chat.prompt.show_to_edit(draft_text(prompt))
        self._show_hint()
        self._chat.prompt.focus()

    async def end_editing(self, conversation_id: str) -> None:
        """Forget which prompt was being edited there."""
        if self._chat.conversation.id == conversation_id:
            self.editing = None
            self._show_hint()
        await self._drafts.clear_edit(conversation_id)

    async def leave_editing(self) -> None:
        """Go back to the draft; a changed text goes into the history."""
        edited = self.editing
        draft = await self._drafts.load(self.draft_key)
        text, self._chat.prompt.draft = self._chat.prompt.draft, draft
        await self.end_editing(self._chat.conversation.id)
        if edited is not None and text.strip() and text != draft_text(edited):
            await self._put_into_history(text)
            self._notify_cleared()

    def attachments_of(self, text: str, edited: Turn | None) -> tuple[AttachmentPart, ...]:
        """Return the attachments of a prompt; those that the edited one had are unchanged."""
        known = [] if edited is None else [part for part in edited.parts if isinstance(part, AttachmentPart)]
        by_mark = {mark_of(part): part for part in known}
        return tuple(by_mark.get(mark_of(part), part) for part in attachments_in(text))

    # Size and cost

    async def fits(self, text: str) -> bool:
        """Return whether the prompt fits the context window. Warn only once about the same prompt."""
        if self._warned_of == text or self._edits_reply:
            return True
        chat = self._chat
        facts = await chat.context.facts_of(chat.conversation.model)
        draft = draft_of(chat.conversation, text, self.editing)
        problem = overflow_warning(chat.conversation, draft, facts.context_window, datetime.now(UTC))
        if not problem:
            return True
        self._warned_of = text
        out, model = chat.keys("read.leave_out"), chat.keys("model.choose")
        chat.notify_warning(
            f"{problem} Use /compact, leave out a message ({out} in reading mode) or switch model ({model});"
            " Enter sends it anyway."
        )
        return False

    async def _estimate(self, read_text: Callable[[], str]) -> None:
        await asyncio.sleep(ESTIMATE_DELAY_S)
        chat = self._chat
        text, estimate = read_text(), ""
        if text.strip() and parse(text) is None and not self._edits_reply:
            facts = await chat.context.facts_of(chat.conversation.model)
            draft = draft_of(chat.conversation, text, self.editing)
            price = facts.price if chat.context.settings.ui.costs else None
            estimate = cost_estimate(chat.conversation, draft, price, datetime.now(UTC))
        if estimate != self._estimate_text:
            self._estimate_text = estimate
            self._show_hint()

    def _show_hint(self) -> None:
        self._chat.editing_banner.is_reply = self._edits_reply
        self._chat.editing_banner.is_editing = self.editing is not None
        self._chat.status.show_hint(self._estimate_text)

    # Editor, history, completion

    def open_editor(self) -> None:
        """Edit the draft in $EDITOR."""
        self._chat.run_worker(self._open_editor, group="editor", exit_on_error=False)

    async def _open_editor(self) -> None:
        prompt = self._chat.prompt
        try:
            prompt.show_to_edit(await edited(self._chat.app, prompt.editable_text, os.environ))
        except EditorFailed as error:
            self._chat.notify_warning(str(error))
        prompt.focus()

    async def search_history(self) -> None:
        """Pick an earlier prompt; the draft that it replaces goes into the history."""
        chat = self._chat

        async def picked(text: str) -> None:
            if (draft := chat.prompt.draft).strip() and draft != text:
                await self._put_into_history(draft)
            chat.prompt.draft = text

        regenerate = chat.keys("reply.retry")
        heading = f"Prompt history · {regenerate} regenerates the reply" if regenerate else "Prompt history"
        prompts = await self._drafts.history(_MAX_HISTORY)
        choices = [Choice(text, " ".join(brief(text).split())[:_MAX_CHARACTERS]) for text in prompts]
        Picker(chat.keys, heading, choices).show(chat.app, picked)

    def suggest(self) -> None:
        """Show the completions of the slash command; look models up when one may be named."""
        self._chat.suggestions.show()
        if self._chat.prompt.text.startswith(_TAKE_A_MODEL) and not self._models.known:
            self._chat.run_worker(self._suggest_models, group="known", exclusive=True, exit_on_error=False)

    async def _suggest_models(self) -> None:
        await self._models.last_seen()
        self._chat.prompt.completing.refresh()
        self._chat.suggestions.show()

    def complete(self) -> None:
        """Take the highlighted completion."""
        self._chat.prompt.focus()
        self._chat.prompt.action_complete()
