"""The actions of keys and commands in a chat: one object for each group, and their methods by name."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from textual.screen import Screen

from tui_chat.ui.app_context import AppContext
from tui_chat.ui.chat.attach_actions import AttachActions
from tui_chat.ui.chat.branch_actions import BranchActions
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.compare_actions import CompareActions
from tui_chat.ui.chat.config_actions import ConfigActions
from tui_chat.ui.chat.context_actions import ContextActions
from tui_chat.ui.chat.copy_pipe_actions import CopyPipeActions
from tui_chat.ui.chat.drafts import Drafts
from tui_chat.ui.chat.file_suggestions import FileSuggestions
from tui_chat.ui.chat.find_actions import FindActions
from tui_chat.ui.chat.home_actions import HomeActions
from tui_chat.ui.chat.model_choices import ModelChoices
from tui_chat.ui.chat.model_picker import ModelPicker
from tui_chat.ui.chat.open_attachment import OpenAttachment
from tui_chat.ui.chat.outline_actions import OutlineActions
from tui_chat.ui.chat.output_actions import OutputActions
from tui_chat.ui.chat.prompt_actions import PromptActions
from tui_chat.ui.chat.queue_actions import QueueActions
from tui_chat.ui.chat.reply_actions import ReplyActions
from tui_chat.ui.chat.send_actions import SendActions
from tui_chat.ui.chat.serve_actions import ServeActions
from tui_chat.ui.chat.settings_actions import SettingsActions
from tui_chat.ui.chat.switching import Switching
from tui_chat.ui.chat.template_actions import TemplateActions
from tui_chat.ui.chat.temporary_actions import TemporaryActions
from tui_chat.ui.chat.tool_actions import ToolActions
from tui_chat.ui.chat.window_actions import WindowActions
from tui_chat.ui.commands.slash_commands import Call
from tui_chat.ui.error_reporting import explained
from tui_chat.ui.undo import UndoStack


class ChatActions:
    def __init__(
        self,
        chat: ChatView,
        drafts: Drafts,
        saved: ChatView | None,
        screen_of: Callable[[AppContext], Screen[None]],
    ) -> None:
        """`saved` is the screen below that of a temporary conversation; `screen_of` makes one of the latter."""
        self._chat = chat
        self.model_choices = ModelChoices(chat.context)
        self.undo = UndoStack()
        self.attach = AttachActions(chat)
        self.attachments = OpenAttachment(chat)
        self.context = ContextActions(chat, self.undo)
        self.file_suggestions = FileSuggestions(chat)
        self.find = FindActions(chat)
        self.home = HomeActions(chat)
        self.outline = OutlineActions(chat)
        self.output = OutputActions(chat)
        self.copy_pipe = CopyPipeActions(chat, self.output)
        self.config = ConfigActions(chat, self.output)
        self.prompts = PromptActions(chat, drafts, self.model_choices)
        self.queue = QueueActions(chat, self.undo)
        self.serve = ServeActions(chat)
        self.settings = SettingsActions(chat, self.undo)
        self.switching = Switching(chat)
        self.templates = TemplateActions(chat, self.attach)
        self.temporary = TemporaryActions(chat, saved, screen_of)
        self.tools = ToolActions(chat, self.settings)
        self.branches = BranchActions(chat, self.prompts, self.undo)
        self.compare = CompareActions(chat, self.branches)
        self.models = ModelPicker(chat, self.model_choices, self.settings, self.branches)
        self.replies = ReplyActions(chat, self.branches, self.tools)
        self.windows = WindowActions(chat, self.branches, self.switching, self.templates, self.run_command)
        self.sending = SendActions(chat, self.prompts, self.branches, self.templates, self.run_command)
        self.with_argument = self._with_argument()
        """Runs the slash commands that take an argument; the others name an action."""

    async def run_command(self, call: Call) -> None:
        if call.command.takes:
            await explained(self._chat, self.with_argument[call.command.name])(call.argument)
        else:
            await self._chat.run_action(call.command.action)

    def _with_argument(self) -> Mapping[str, Callable[[str], Awaitable[None]]]:
        return {
            "attach": self.attach.attach_named,
            "compact": self.context.compact,
            "compare": self.compare.compare,
            "config": self.config.config,
            "copy": self.copy_pipe.copy,
            "export": self.output.export_to,
            "find": self.find.open,
            "help": self.windows.show_help,
            "model": self.models.switch,
            "options": self.settings.set_options,
            "pipe": self.copy_pipe.pipe_conversation,
            "profile": self.models.switch_profile,
            "retry": lambda model: self.branches.regenerate(model or None),
            "system": self.settings.set_system,
            "theme": lambda name: self.config.config(f"ui.theme {name}".strip()),
            "title": self.settings.set_title,
            "tools": self.tools.choose,
        }

    def by_name(self) -> Mapping[str, Callable[..., object]]:
        """Return the methods by the names that `keymap.py` and `slash_commands.py` have for them."""
        leaving_first = self.temporary.leaving_first
        return {
            "approve": self.tools.focus,
            "branch": self.branches.show_sibling,
            "choose_queued": self.queue.focus,
            "compare": self.compare.compare,
            "complete": self.prompts.complete,
            "continue_reply": self.branches.continue_reply,
            "copy_as": self.copy_pipe.copy_as,
            "delete": self.settings.delete,
            "drop_queued": self.queue.drop,
            "edit": self.branches.edit,
            "edit_reply": self.branches.edit_reply,
            "edit_settings": self.config.edit_file,
            "editor": self.prompts.open_editor,
            "effort": self.models.next_effort,
            "find": self.find.open,
            "fork": self.branches.fork,
            "history": self.prompts.search_history,
            "leave_out": self.context.leave_out,
            "library": leaving_first("library", self.windows.open_library),
            "lift_budget": self.context.lift_budget,
            "model": self.models.switch,
            "new": leaving_first("new", self.switching.open_new),
            "open_previous": leaving_first("open_previous", self.switching.open_previous),
            "open_recent": self.home.open_recent,
            "origin": self.branches.open_origin,
            "outline": self.outline.open,
            "palette": self.windows.open_palette,
            "paste_image": self.attach.paste_image,
            "pipe": self.copy_pipe.pipe,
            "quote": self.copy_pipe.quote,
            "recent": self.home.focus,
            "retry": self.branches.regenerate,
            "retry_with": self.models.regenerate_with,
            "save_code": self.output.save_code,
            "send_without_files": self.branches.send_without_files,
            "serve": self.serve.toggle,
            "stash": self.prompts.stash,
            "stop": self.replies.stop,
            "templates": self.templates.choose,
            "temporary": self.temporary.toggle,
            "tokens": self.context.count_tokens,
            "tools": self.tools.choose,
            "tree": partial(self.branches.show_tree, self.compare.compare_turn),
            "trust": self.templates.ask_for_trust,
            "usage": self.windows.show_usage,
            "wait_for_files": self.attach.wait,
        }
