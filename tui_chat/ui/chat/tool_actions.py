"""Choose the tools of a conversation, answer approvals, and take permissions back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from tui_chat.core.clean import clean, clean_line
from tui_chat.core.event import (
    ApprovalAsked,
    ApprovalGiven,
    FormAnswered,
    FormAsked,
    ReplyEvent,
    ToolProgress,
    ToolStarted,
    ToolsUnsupported,
    TurnEnded,
    TurnStarted,
)
from tui_chat.core.part import ToolCallPart
from tui_chat.core.title import shown_title
from tui_chat.core.tool import TOOL_GROUP_NOTES, Approval, ToolServer, Verdict, chosen_of, tool_choices
from tui_chat.core.turn import Turn
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.form_actions import FormActions
from tui_chat.ui.chat.settings_actions import SettingsActions
from tui_chat.ui.messages import ApprovalAnswered, AttentionRequested
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice

_OFF = "off"
_FORGET = "forget "
_RULE = "rule"
_YES = "yes"
_LONGEST_NAME = 40
"""Characters of a running call in the row that shows its last line."""
_MUCH = 0.05
"""Share of a context window from which definitions are worth a warning."""
_ROW = 56
"""Characters of a command in one row of the question: the whole command must be shown."""


class ToolActions:
    def __init__(self, chat: ChatView, settings: SettingsActions) -> None:
        self._chat = chat
        self._settings = settings
        self._names: dict[str, str] = {}
        """The tool of each call that is being made."""
        self._warned: set[str] = set()
        """Models that are known to have no tools."""
        self.forms = FormActions(chat)
        self._unwatch: Callable[[], None] = lambda: None

    # Choosing

    async def choose(self, words: str = "") -> None:
        """Turn on exactly these tools, or `off` for none; without words, show all of them to pick from."""
        if not words:
            await self._pick()
            return
        try:
            tools = () if words.strip() == _OFF else tool_choices(words, self._known)
        except ValueError as error:
            sentence = str(error)
            self._chat.notify_warning(f"{sentence[:1].upper()}{sentence[1:]}.")
            return
        await self._set(tools)

    @property
    def _known(self) -> Sequence[str]:
        return (*self._servers, *self._chat.context.plugin_tools())

    @property
    def _servers(self) -> Sequence[str]:
        return [server.name for server in self._chat.context.tool_servers]

    async def _set(self, tools: tuple[str, ...]) -> None:
        """Turn on exactly these tools, once the user has agreed to each MCP server among them."""
        permissions = self._chat.service.permissions
        wanted = {chosen_of(name, self._servers) for name in tools}
        for server in self._chat.context.tool_servers:
            if server.name in wanted and not await permissions.has_consent(server):
                self._ask_for_consent(server, tools)
                return
        await self._turn_on(tools)

    def _ask_for_consent(self, server: ToolServer, tools: tuple[str, ...]) -> None:
        """Show the whole command of a server; only a yes starts it."""
        chat = self._chat

        async def picked(value: str | None) -> None:
            if value == _YES:
                await chat.service.permissions.consent(server)
                await self._set(tools)
            elif remaining := tuple(name for name in tools if chosen_of(name, self._servers) != server.name):
                await self._set(remaining)

        lines = [row[at : at + _ROW] for row in clean(server.what).split("\n") for at in range(0, len(row), _ROW)]
        choices = [Choice("", f"No, do not start {server.name}"), Choice(_YES, "Yes, start it", server.warning)]
        choices += [Choice("", f"  {line}") for line in lines]
        chat.app.push_screen(Picker(chat.keys, f"Start the MCP server {server.name}?", choices), picked)

    async def _turn_on(self, tools: tuple[str, ...]) -> None:
        options = replace(self._chat.conversation.options, tools=tools)
        await self._chat.service.tool_lists.forget(self._chat.conversation.id)
        if options != self._chat.conversation.options:
            await self._settings.change(options=options)
        self._chat.notify(f"Tools: {', '.join(tools)}." if tools else "Tools are off.")
        self._chat.run_worker(partial(self._warn_of_size, tools), group="tools", exclusive=True, exit_on_error=False)

    async def _warn_of_size(self, tools: tuple[str, ...]) -> None:
        """Start what was chosen, and warn when its definitions take much of the context."""
        chat = self._chat
        tokens = await chat.service.tool_tokens(tools)
        window = (await chat.context.facts_of(chat.conversation.model)).context_window
        if window and tokens > _MUCH * window:
            chat.notify_warning(
                f"The tools take about {tokens:,} tokens of each request, {tokens / window:.0%} of it."
            )

    async def _pick(self) -> None:
        chat, on = self._chat, self._chat.conversation.options.tools
        grants = await chat.service.permissions.grants()
        choices = [
            Choice(name, f"{name}: {'on' if name in on else 'off'}", note)
            for name, note in (
                *TOOL_GROUP_NOTES.items(),
                *((server, "MCP server") for server in self._servers),
                *((name, "plug-in") for name in self._chat.context.plugin_tools()),
            )
        ]
        rules = chat.service.permissions.rules
        choices += [Choice(_RULE, f"rule: {rule}", f"{verdict} · settings") for rule, verdict in rules.items()]
        choices += [Choice(f"{_FORGET}{at}", f"forget: {grant.words}", grant.given_at[:10])
                    for at, grant in enumerate(grants)]  # fmt: skip

        async def picked(value: str) -> None:
            if value == _RULE:
                chat.notify("Rules are in the settings file, under [tools.rules].")
                return
            if value.startswith(_FORGET):
                grant = grants[int(value.removeprefix(_FORGET))]
                await chat.service.permissions.revoke(grant)
                chat.notify(f"Forgotten: {grant.words} asks again.")
            elif value in on:
                await self._set(tuple(name for name in on if name != value))
            else:
                await self._set((*on, value))

        Picker(chat.keys, "Tools and permissions", choices).show(chat.app, picked)

    # Approvals

    def follow(self, event: ReplyEvent) -> None:
        """Show what the tools of the streaming reply do."""
        chat = self._chat
        match event:
            case TurnStarted(turn=turn):
                self._names = _tool_names(turn)
                self._show(chat.live_reply.pending_approvals if chat.live_reply is not None else ())
            case ApprovalAsked(approval):
                self._names[approval.call.call_id] = approval.review.summary
                self._show(chat.live_reply.pending_approvals if chat.live_reply is not None else ())
                chat.app.post_message(AttentionRequested(f"{chat.app.title}: a tool call waits for your answer"))
            case FormAsked(form):
                self._show_forms()
                sentence = f"{chat.app.title}: {form.server} asks you to fill in a form"
                chat.app.post_message(AttentionRequested(sentence))
            case FormAnswered():
                self._show_forms()
            case ApprovalGiven():
                self._show(chat.live_reply.pending_approvals if chat.live_reply is not None else ())
            case ToolStarted(call_id):
                if call_id not in self._names and chat.live_reply is not None:
                    self._names = _tool_names(chat.live_reply.turn) | self._names
                chat.pane.show_note(self._running(call_id), "")
            case ToolProgress(call_id, tail):
                chat.pane.show_note(self._running(call_id), "", tail)
            case ToolsUnsupported(model) if model not in self._warned:
                self._warned.add(model)
                chat.notify_warning(f"{model} cannot use tools; it answers without them.")
            case TurnEnded():
                self.leave()

    def leave(self) -> None:
        """Show no question: another conversation is shown, and this one's calls keep waiting."""
        self._show(())
        self._chat.approval_bar.form = None

    def _running(self, call_id: str) -> str:
        name = clean_line(self._names.get(call_id, "a tool")).removeprefix("Run ")
        return f"Running {name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + '…'}"

    def _show_forms(self) -> None:
        forms = self._chat.live_reply.pending_forms if self._chat.live_reply is not None else ()
        self._chat.approval_bar.form = forms[0] if forms else None
        self._chat.status.show_asking(bool(forms))

    def _show(self, approvals: Sequence[Approval]) -> None:
        self._chat.approval_bar.approvals = approvals
        self._chat.status.show_asking(bool(approvals))

    async def focus(self) -> None:
        """Let the letters of the approval bar answer, or open a form; else show the conversation where one waits."""
        chat = self._chat
        if chat.approval_bar.approvals:
            chat.approval_bar.focus()
        elif (form := chat.approval_bar.form) is not None:
            chat.run_worker(partial(self.forms.fill_in, form), group="form", exclusive=True, exit_on_error=False)
        elif (waiting := self._waiting_elsewhere) is not None:
            await chat.open(await chat.service.open(waiting))
        else:
            chat.notify("No tool call waits for an answer.")

    @property
    def _waiting_elsewhere(self) -> str | None:
        """The first conversation that is not shown and has a question for the user."""
        return min(self._chat.service.permissions.waiting - {self._chat.conversation.id}, default=None)

    def watch_others(self) -> None:
        """Show from now on when a call waits in a conversation that is not shown."""
        self._chat.service.permissions.can_fill_forms = True
        self._unwatch = self._chat.service.permissions.watch(self.show_elsewhere)

    def stop(self) -> None:
        """Show nothing any more."""
        self._unwatch()

    def show_elsewhere(self) -> None:
        """Show whether a call waits in a conversation that is not shown."""
        self._chat.run_worker(self._show_elsewhere, group="elsewhere", exclusive=True, exit_on_error=False)

    async def _show_elsewhere(self) -> None:
        chat, title = self._chat, ""
        if (waiting := self._waiting_elsewhere) is not None:
            title = shown_title((await chat.service.open(waiting)).title)
            if title != chat.approval_bar.elsewhere:
                chat.app.post_message(AttentionRequested(f"{title}: a tool call waits for your answer"))
        chat.approval_bar.elsewhere = title

    async def answer(self, event: ApprovalAnswered) -> None:
        """Pass an answer on; a reason is what is in the prompt box."""
        chat, reason = self._chat, ""
        if event.with_reason:
            reason = chat.prompt.draft.strip()
            if not reason:
                chat.notify_warning("Type the reason into the prompt first.")
                return
            chat.prompt.draft = ""
        if chat.live_reply is not None:
            await chat.live_reply.answer(event.call_id, Verdict(event.decision, reason))


def _tool_names(turn: Turn) -> dict[str, str]:
    """Return the tool of each call, by the call's id."""
    return {part.call_id: part.name for part in turn.parts if isinstance(part, ToolCallPart)}
