"""The chat screen: shows one conversation. What a key or command does is in the action objects."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.events import DescendantBlur, DescendantFocus
from textual.getters import query_one
from textual.screen import Screen
from textual.worker import Worker

from tui_chat.attachments.shrink import can_shrink
from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation, ConversationPosition
from tui_chat.core.error import ChatError
from tui_chat.core.part import AttachmentPart
from tui_chat.core.prompt_forecast import context_use
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.service.reply import Reply
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.chat.actions import ChatActions
from tui_chat.ui.chat.background_checks import BackgroundChecks
from tui_chat.ui.chat.drafts import Drafts
from tui_chat.ui.chat.prompt_queue import PromptQueue
from tui_chat.ui.chat.welcome import home_text, wordmark
from tui_chat.ui.commands.argument_suggestions import arguments
from tui_chat.ui.commands.completion import Completion
from tui_chat.ui.conversation_view.layout_options import no_picture
from tui_chat.ui.conversation_view.widget import ConversationPane
from tui_chat.ui.error_reporting import explained, report_worker_error
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import ending_with_keys, error_with_keys
from tui_chat.ui.keymap import Scope
from tui_chat.ui.messages import (
    ActionRequested,
    ApprovalAnswered,
    AttachmentChosen,
    AttachmentTextRequested,
    ChatOpened,
    ConversationScrolled,
    CopyRequested,
    DraftChanged,
    FileChosen,
    FileNamed,
    FilesTyped,
    FindChanged,
    LinkChosen,
    PathsPasted,
    PromptModeChanged,
    PromptSubmitted,
    QueuedPromptRequested,
    SuggestionsChanged,
)
from tui_chat.ui.press_again import PressAgain
from tui_chat.ui.startup.home_panel import HomePanel
from tui_chat.ui.terminal.pictures import Picture, Pictures
from tui_chat.ui.terminal.textual_private import OneShotTimers, write_to_terminal
from tui_chat.ui.widgets.approval_bar import ApprovalBar
from tui_chat.ui.widgets.conversation_header import TEMPORARY, ConversationHeader
from tui_chat.ui.widgets.editing_banner import EditingBanner
from tui_chat.ui.widgets.find_bar import FindBar, FindRow
from tui_chat.ui.widgets.forked_from_bar import ForkedFromBar
from tui_chat.ui.widgets.left_edge import align
from tui_chat.ui.widgets.notice_line import NoticeLine
from tui_chat.ui.widgets.outline import Outline
from tui_chat.ui.widgets.prompt_box import PromptBox
from tui_chat.ui.widgets.queue_bar import QueueBar
from tui_chat.ui.widgets.status_footer import StatusFooter
from tui_chat.ui.widgets.suggestion_list import SuggestionList

AFTER_PAINT_S = 0.1
"""Delay before the context of a long conversation is counted, so that the conversation can be read first."""
_LONG = 500
"""Turns from which a conversation is long."""
QUIT_WITHIN_S = 1.5
"""Two presses of the interrupt key within this time quit the program."""

_CONFIRMED = {
    "retry": ("read.retry", "regenerate the reply (sends a request)"),
    "continue_reply": ("read.continue", "continue the reply (sends a request)"),
}


_BARS = (
    *(ForkedFromBar, FindRow, ApprovalBar, QueueBar, EditingBanner),
    *(SuggestionList, NoticeLine, PromptBox, StatusFooter),
)
"""The widgets whose text starts in one column with that of the conversation."""
_UI = Path(__file__).parent.parent


class ChatScreen(OneShotTimers, Screen[None]):
    # The sheets of the screens over it as well: Textual parses every sheet again for one that comes later.
    CSS_PATH: ClassVar = ["chat.tcss", _UI / "library" / "library.tcss", _UI / "dialogs" / "dialog.tcss"]
    AUTO_FOCUS = "PromptBox"

    pane = query_one(ConversationPane)
    prompt = query_one(PromptBox)
    status = query_one(StatusFooter)
    header = query_one(ConversationHeader)
    queue_bar = query_one(QueueBar)
    approval_bar = query_one(ApprovalBar)
    editing_banner = query_one(EditingBanner)
    find_bar = query_one(FindBar)
    find_row = query_one(FindRow)
    notice_line = query_one(NoticeLine)
    forked_from_bar = query_one(ForkedFromBar)
    suggestions = query_one(SuggestionList)
    home_panel = query_one(HomePanel)
    outline = query_one(Outline)

    def __init__(self, context: AppContext, keys: Keyboard, saved: "ChatScreen | None" = None) -> None:
        """`saved` is the screen below that of a temporary conversation."""
        super().__init__()
        self.context = context
        self.service = context.service
        self.service.gate.asks_first = True
        self.keys = keys
        self.keys.bind(self, Scope.CHAT)
        self.conversation = context.first
        self.drafts = Drafts(context.store, self.app.set_timer)
        self.queue = PromptQueue(self.drafts, self._show_queue, self._send_queued, lambda: self.live_reply)
        self.actions = ChatActions(self, self.drafts, saved, lambda context: ChatScreen(context, keys, self))
        self.completion = Completion(
            arguments(lambda: self.conversation, self.actions.model_choices, lambda: self.app.available_themes),
            lambda: self.actions.templates.commands,
        )
        self.pictures = Pictures(
            lambda sequence: write_to_terminal(self.app, sequence),
            self.actions.attachments.send_picture,
            lambda: self.pane.show_images(),
            can_convert=can_shrink,
        )
        for name, action in self.actions.by_name().items():
            setattr(self, f"action_{name}", explained(self, action))
        self._checks = BackgroundChecks(self)
        self._opening = asyncio.Lock()
        self._interrupted_s = float("-inf")
        self._press_again = PressAgain()

    def compose(self) -> ComposeResult:
        ui = self.context.settings.ui
        picture = self._picture if ui.images == "auto" else no_picture
        pane = ConversationPane(self._describe_ending, self.keys, ui, picture)
        self.keys.bind(pane, Scope.PANE)
        yield ConversationHeader(costs=ui.costs)
        yield ForkedFromBar(self.keys)
        yield pane
        yield FindRow(self.keys)
        yield ApprovalBar(self.keys)
        yield QueueBar(self.keys)
        yield EditingBanner(self.keys)
        yield SuggestionList(self.completion)
        yield NoticeLine(self.keys)
        yield PromptBox(
            self.keys.in_prompt(),
            self.completion,
            self.actions.prompts.save_draft,
            enter_sends=ui.enter_sends,
            vi=ui.prompt_keys == "vi",
        )
        yield Outline(self.keys)
        yield HomePanel(
            self.keys,
            home_text(self.keys, self.conversation.model, ("", False), is_temporary=self.context.is_temporary),
        )
        yield StatusFooter(self.keys, costs=ui.costs)

    async def on_mount(self) -> None:
        self.pane.show_welcome(wordmark)
        self.app.app_resume_signal.subscribe(self, lambda _: self.pictures.send_again())
        self.service.save_queue.watch(self.status.show_saving)
        self.service.auto_title.watch(self._take_title)
        self.actions.tools.watch_others()
        self.status.show_saving(self.service.save_queue.error)
        for notice in self.context.notices:
            self.notify(notice, severity="warning", timeout=10)
        self._checks.show_database_notices()
        if self.context.is_temporary:
            self.header.show_badge(TEMPORARY)
            self.status.show_temporary()
        position = self.context.position or ConversationPosition(self.context.first.id)
        await self.open(self.context.first, at=position.turn_id, find=position.words)
        self.post_message(ChatOpened())
        self.prompt.set_history(await self.drafts.history())
        self.run_worker(self.actions.templates.load(), group="templates", exit_on_error=False)
        if self.conversation.model.startswith("demo/"):
            self.run_worker(self.actions.home.look_for_local_models(), exit_on_error=False)
        self._checks.start()

    async def on_unmount(self) -> None:
        self._checks.stop()
        self.app.app_resume_signal.unsubscribe(self)
        self.pictures.clear()
        self.actions.tools.stop()
        self.actions.file_suggestions.stop()
        self.actions.attachments.close()
        await self.drafts.flush()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        report_worker_error(self, event)

    # The conversation that is shown

    @property
    def live_reply(self) -> Reply | None:
        return self.service.reply_in(self.conversation.id)

    async def open(self, conversation: Conversation, *, at: str | None = None, find: Sequence[str] = ()) -> None:
        """Show another conversation; a reply that streams into the previous one continues."""
        async with self._opening:
            self.follow(None)
            if conversation.id != self.conversation.id:
                self.pictures.clear()
                self.actions.switching.leave(self.conversation, self.live_reply)
            self.actions.prompts.leave()
            self.conversation = conversation
            self.actions.switching.show_count()
            self.status.show_idle()
            self.show_path(at=at)
            if find:
                self.pane.find(*find)
                self.pane.focus()
            else:
                self.prompt.focus()
            await self.actions.prompts.restore()
            await self.queue.switch_to(conversation.id)
        self.actions.tools.show_elsewhere()
        if self.live_reply is not None:
            self.follow(self.live_reply)
        elif self.queue.sends_itself and conversation.path and conversation.path[-1].status is TurnStatus.COMPLETE:
            self.call_later(self.queue.send_next)
        await self._checks.note_opened(conversation.id)
        self.actions.branches.show_origin()

    async def start_reply(self, starting: Awaitable[Reply]) -> bool:
        return await self.actions.replies.start(starting)

    def follow(self, reply: Reply | None) -> None:
        self.actions.replies.follow(reply)

    async def wait_until_open(self) -> None:
        """Return when the conversation that is being opened is open, with its draft."""
        async with self._opening:
            pass

    async def return_to(self, conversation: Conversation) -> None:
        """Show a conversation again if another one is shown by now."""
        if self.conversation.id != conversation.id:
            await self.open(await self.service.open(conversation.id) if conversation.turns else conversation)

    def show_path(self, *, at: str | None = None) -> None:
        """Draw the branch that is shown, with its figures and its title."""
        self.pane.show(self.conversation, at=at)
        self.actions.home.show()
        self._align()
        self.show_facts()

    def show_facts(self) -> None:
        """Show title, model, context and cost of the conversation."""
        profile = self.profile
        self.header.show_conversation(self.conversation, profile)
        self.actions.home.show_text(profile)
        self.status.has_header = self.header.display
        self.status.show_conversation(self.conversation)
        self.actions.outline.fill()
        self._count_context()
        self.show_window_title()

    def on_resize(self) -> None:
        """Show the header where there is room for it, and let all text start in one column."""
        self._align()
        self.actions.outline.fill()
        self.header.fit_window()
        self.home_panel.fit_window()
        self.status.has_header = self.header.display
        self.status.refresh()

    def _align(self) -> None:
        """Let all text start in one column, left of the outline."""
        self.actions.outline.show()
        bars = self.query(", ".join(kind.__name__ for kind in _BARS))
        align(bars, self.app.size.width, self.actions.outline.width)

    @property
    def profile(self) -> str:
        """The name of the profile whose model, system prompt and options the conversation has."""
        shown = self.conversation
        profiles = self.context.settings.profiles.items()
        return next(
            (
                name
                for name, profile in profiles
                if (profile.model or shown.model) == shown.model
                and (profile.system or self.context.settings.system) == shown.system
                and profile.options == shown.options
            ),
            "",
        )

    def show_window_title(self) -> None:
        """Set the terminal's title: the conversation, and whether a reply is streaming."""
        chats = [screen for screen in self.app.screen_stack if isinstance(screen, ChatScreen)]
        if chats[-1:] != [self]:
            return  # a temporary conversation lies over this one
        title = self.actions.temporary.window_title or clean_line(self.conversation.title) or "tui-chat"
        self.app.title = f"● {title}" if self.live_reply is not None else title

    @work(group="context", exclusive=True, exit_on_error=False)
    async def _count_context(self) -> None:
        if len(self.conversation.turns) > _LONG:
            await asyncio.sleep(AFTER_PAINT_S)
        facts = await self.context.facts_of(self.conversation.model)
        use = await asyncio.to_thread(context_use, self.conversation, facts.context_window)
        self.status.show_context(use)
        self.header.show_context(use)
        self.actions.context.report(use)
        self.header.show_budget(await self.actions.context.budget_standing())

    def show_left_out(self, conversation: Conversation) -> None:
        shown = self.conversation
        self.conversation = replace(shown, left_out=conversation.left_out, left_out_at=conversation.left_out_at)
        self.show_path()

    @work(group="title", exit_on_error=False)
    async def _take_title(self, conversation_id: str) -> None:
        """Show the title that a model wrote, and what that cost."""
        now = await self.service.save_queue.conversation(conversation_id)
        if self.conversation.id == conversation_id:
            self.conversation = replace(
                self.conversation, title=now.title, title_source=now.title_source, side_requests=now.side_requests
            )
            self.show_facts()

    @on(PromptSubmitted)
    async def submit(self, event: PromptSubmitted) -> None:
        self.notice_line.outdate()
        await self.actions.sending.submit(event.text)

    # Images within the conversation

    def _picture(self, part: AttachmentPart, columns: int) -> Picture | None:
        """Return where an image is shown; its id is a colour, which must reach the terminal unchanged."""
        if self.app.console.color_system != "truecolor" or self.app.no_color:
            return None
        return self.pictures.picture(part, columns)

    # Messages to the user

    def _describe_ending(self, turn: Turn) -> tuple[str, str] | None:
        return ending_with_keys(self.keys, turn, self.conversation)

    def notify_error(self, error: ChatError) -> None:
        """Show what went wrong and what to do."""
        self.notify_warning(error_with_keys(self.keys, error))

    def notify_warning(self, sentence: str) -> None:
        self.notify(sentence, severity="warning")

    async def _send_queued(self, text: str) -> bool:
        return await self.actions.sending.send_now(text)

    def _show_queue(self, prompts: Sequence[str]) -> None:
        self.queue_bar.prompts = prompts
        self.prompt.has_queued = bool(prompts)

    # Actions

    async def action_cancel(self) -> None:
        """Stop the reply; else leave an edit; else close the suggestions; else leave reading mode."""
        if self.live_reply is not None:
            await self.actions.replies.stop()
        elif self.actions.prompts.editing is not None:
            await self.actions.prompts.leave_editing()
        elif self.prompt.has_focus and self.prompt.close_suggestions():
            self.suggestions.show()
        else:
            self.pane.action_clear_marks()
            self.prompt.focus()

    async def action_confirm(self, action: str) -> None:
        """Run an action that sends a request when its key is pressed a second time."""
        if self._press_again.confirms(action):
            self.notice_line.clear_notices()
            await self.run_action(action)
        else:
            key_id, does = _CONFIRMED[action]
            self.notify(f"Press {self.keys(key_id)} again to {does}.", timeout=self._press_again.within_s)

    @on(DescendantFocus)
    @on(DescendantBlur)
    @on(PromptModeChanged)
    def show_mode(self) -> None:
        """Show whether letters are commands."""
        self.notice_line.show_reading(self.pane.has_focus, self.actions.find.reading_note)
        self.status.show_reading(self.pane.has_focus)
        vi = self.prompt.vi
        self.notice_line.show_vi(vi.pending if vi is not None and vi.is_normal and self.prompt.has_focus else None)

    async def action_interrupt(self) -> None:
        """Copy a selection; else stop the reply; else clear the prompt; pressed twice on an empty prompt, quit."""
        if self.pane.selected_text:
            self.pane.action_copy_chosen()
            self.pane.clear_highlights()
        elif self.prompt.selected_text:
            self.actions.output.copy(self.prompt.selected_text, "selection")
        elif self.live_reply is not None:
            await self.action_cancel()
        elif self.prompt.draft:
            await self.actions.prompts.clear()
        elif time.monotonic() - self._interrupted_s < QUIT_WITHIN_S:
            await self.run_action("app.quit")
        else:
            self._interrupted_s = time.monotonic()
            self.notify("Press again to quit.", timeout=QUIT_WITHIN_S)

    @on(ActionRequested)
    async def run_requested_action(self, event: ActionRequested) -> None:
        await self.run_action(event.action)

    async def action_undo_last(self) -> None:
        self.notice_line.outdate()
        try:
            if not await self.actions.undo.undo_last():
                self.notify("There is nothing to undo.")
        except ChatError as error:
            self.notify_error(error)

    async def action_pane(self, action: str, *arguments: int) -> None:
        """Run an action of the conversation pane, whatever has the focus."""
        await self.pane.run_action(f"{action}({', '.join(map(str, arguments))})")

    def action_read(self) -> None:
        self.pane.focus()

    @on(HomePanel.Left)
    def action_write(self) -> None:
        self.prompt.focus()

    # Messages of widgets

    @on(HomePanel.Chosen)
    async def open_recent(self, event: HomePanel.Chosen) -> None:
        await self.actions.home.open(event.conversation_id)

    @on(ConversationScrolled)
    def mark_entry_in_view(self) -> None:
        self.actions.outline.note_scrolling()

    @on(Outline.Chosen)
    def go_to_entry(self, event: Outline.Chosen) -> None:
        self.actions.outline.go_to(event.entry)

    @on(DraftChanged)
    def change_draft(self, event: DraftChanged) -> None:
        self.actions.prompts.estimate(event.read)

    @on(QueuedPromptRequested)
    async def change_queued(self, event: QueuedPromptRequested) -> None:
        if event.now:
            await self.actions.queue.send_now(event.at)
        else:
            await self.actions.queue.edit(event.at)

    @on(ApprovalAnswered)
    async def answer_approval(self, event: ApprovalAnswered) -> None:
        await self.actions.tools.answer(event)

    @on(CopyRequested)
    def copy(self, event: CopyRequested) -> None:
        self.actions.output.copy(event.text, event.what)

    @on(LinkChosen)
    def ask_about_link(self, event: LinkChosen) -> None:
        self.actions.output.ask_about_link(event.url, event.shown)

    @on(FileChosen)
    def open_file(self, event: FileChosen) -> None:
        self.actions.output.open_file(event.path, event.line)

    @on(AttachmentChosen)
    def open_attachment(self, event: AttachmentChosen) -> None:
        self.actions.attachments.open(event.sha256)

    @on(AttachmentTextRequested)
    def load_attachment(self, event: AttachmentTextRequested) -> None:
        self.actions.attachments.load_text(event.sha256)

    @on(FilesTyped)
    def suggest_files(self, event: FilesTyped) -> None:
        self.actions.file_suggestions.suggest(event.typed)

    @on(FileNamed)
    def attach_named(self, event: FileNamed) -> None:
        self.actions.attach.attach_chosen(event.text, event.name)

    @on(PathsPasted)
    def attach_pasted(self, event: PathsPasted) -> None:
        self.actions.attach.attach_pasted(event.text, event.paths)

    @on(SuggestionsChanged)
    def suggest(self) -> None:
        self.actions.prompts.suggest()
        self.call_after_refresh(self.actions.home.fit)

    @on(FindBar.Changed)
    def find_typed(self, event: FindBar.Changed) -> None:
        self.pane.find(event.value)

    @on(FindBar.Closed)
    def close_find(self, event: FindBar.Closed) -> None:
        self.actions.find.close(keep=event.keep)

    @on(FindChanged)
    def show_find_count(self, event: FindChanged) -> None:
        self.actions.find.show_count(event.current, event.total)
