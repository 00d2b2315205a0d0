"""Send what was typed: a prompt, a slash command or a template; queue a prompt while a reply streams."""

from collections.abc import Awaitable, Callable
from functools import partial

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.core.turn import Role, Turn
from tui_chat.ui.attachment_marks import prompt_text, split_leading_marks
from tui_chat.ui.chat.branch_actions import BranchActions
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.prompt_actions import PromptActions
from tui_chat.ui.chat.template_actions import TemplateActions
from tui_chat.ui.commands.slash_commands import Call, parse, unescaped


class SendActions:
    def __init__(
        self,
        chat: ChatView,
        prompts: PromptActions,
        branches: BranchActions,
        templates: TemplateActions,
        run_command: Callable[[Call], Awaitable[None]],
    ) -> None:
        self._chat = chat
        self._prompts = prompts
        self._branches = branches
        self._templates = templates
        self._run_command = run_command

    async def submit(self, text: str) -> None:
        """Run a slash command or send a prompt; what is refused goes back into the prompt box."""
        # A command may stand behind files: they stay attached to the next prompt.
        files, words = split_leading_marks(text)
        if (own := await self._templates.find(words)) is not None:
            self._templates.run(*own, text, partial(self._send_template, files))
            self._chat.prompt.mark_stored(text)
            return
        call = parse(words)
        if call is not None:
            self._chat.prompt.mark_stored(text)
        if isinstance(call, str):
            self._chat.notify_warning(call)
            self._chat.prompt.restore_text(text)
        elif isinstance(call, Call):
            if files:
                self._chat.prompt.restore_text(f"{files} ")
            await self._run_command(call)
        else:
            prompt = unescaped(text)
            if not (await self._prompts.fits(prompt) and await self.send(prompt)):
                self._chat.prompt.restore_text(text)
            self._chat.prompt.mark_stored(text)

    async def send(self, text: str) -> bool:
        """Send a prompt, or queue it behind the streaming reply. Return whether it is stored."""
        chat = self._chat
        await chat.wait_until_open()  # only then is it known whether a prompt is being edited
        async with chat.queue.lock:
            if chat.live_reply is None:
                return await self.send_now(text, self._prompts.editing)
        if self._prompts.editing is not None:
            chat.notify_warning(f"A reply is still streaming; {chat.keys('reply.cancel')} stops it.")
            return False
        await chat.queue.put(text)
        await self._prompts.mark_sent(self._prompts.draft_key, text)
        return True

    async def send_now(self, text: str, edited: Turn | None = None) -> bool:
        """Send a prompt, or a new version of an earlier one. Return whether it is stored."""
        if edited is not None and edited.role is Role.ASSISTANT:
            return await self._keep_reply(text, edited)
        draft_key, shown = self._prompts.draft_key, self._chat.conversation
        words, attachments = prompt_text(text), self._prompts.attachments_of(text, edited)
        service = self._chat.service
        if edited is None:
            starting = service.send(shown, words, attachments)
        else:
            starting = service.edit(shown.id, edited.id, words, attachments=attachments, model=shown.model)
        if not await self._chat.start_reply(starting):
            return False
        if edited is None:
            await self._prompts.mark_sent(draft_key, text)
        else:
            await self._prompts.mark_edit_sent(shown.id, text)
        return True

    async def _send_template(self, files: str, text: str, typed: str, conversation: Conversation) -> bool:
        """Send a filled template with what it sets, for this prompt alone; what was typed goes into the history."""
        chat, draft_key = self._chat, self._prompts.draft_key
        prompt = f"{files} {text}" if files else text
        async with chat.queue.lock:
            if chat.live_reply is not None:
                return await self._queue_template(prompt, typed, conversation)
            attachments = self._prompts.attachments_of(prompt, None)
            if not await chat.start_reply(chat.service.send(conversation, prompt_text(prompt), attachments)):
                return False
        await self._prompts.mark_sent(draft_key, typed)
        return True

    async def _queue_template(self, prompt: str, typed: str, conversation: Conversation) -> bool:
        """Queue a filled template, unless it sets something for itself: a queued prompt has the conversation's."""
        chat, shown = self._chat, self._chat.conversation
        facts = (conversation.id, conversation.model, conversation.system, conversation.options)
        if facts != (shown.id, shown.model, shown.system, shown.options):
            chat.notify_warning(f"A reply is still streaming; {chat.keys('reply.cancel')} stops it.")
            return False
        draft_key = self._prompts.draft_key
        await chat.queue.put(prompt)
        await self._prompts.mark_sent(draft_key, typed)
        return True

    async def _keep_reply(self, text: str, edited: Turn) -> bool:
        """Store an edited reply, and show it. Return whether it is stored."""
        chat, before = self._chat, self._chat.conversation
        try:
            reply = await chat.service.edit_reply(before.id, edited.id, text)
        except ChatError as error:
            chat.notify_error(error)
            return False
        chat.conversation = await chat.service.open(before.id)
        await self._prompts.leave_editing()
        await self._branches.go_to(reply.id, at=reply.id)
        self._branches.note_left(before)
        return True
