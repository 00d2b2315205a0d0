"""The home of the app: what an empty conversation shows around the prompt, and opening a recent one from there."""

from collections.abc import Sequence
from datetime import datetime

from textual.worker import Worker, WorkerError

from tui_chat.core.conversation import ConversationSummary
from tui_chat.core.error import ChatError
from tui_chat.core.format_numbers import dollars, when
from tui_chat.core.title import shown_title
from tui_chat.settings.api_keys import KeyRing
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.welcome import home_text
from tui_chat.ui.startup.home_panel import HomePanel, Recent

_MOST = 9
_FIGURES_CELLS = 20


class HomeActions:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._loading: Worker[None] | None = None
        self._local_models: Sequence[str] = ()

    @property
    def _panel(self) -> HomePanel:
        return self._chat.home_panel

    def show(self) -> None:
        """Show the panel while the conversation is empty, with what was used last."""
        is_empty = not self._chat.conversation.turns
        if not is_empty and self._panel.has_focus:
            self._chat.prompt.focus()
        self._panel.display = is_empty
        if is_empty:
            self._loading = self._chat.run_worker(self._load, group="home", exclusive=True, exit_on_error=False)

    def show_text(self, profile: str) -> None:
        self._profile = profile
        model, context = self._chat.conversation.model, self._chat.context
        key = KeyRing(context.settings).note(model)
        text = home_text(
            self._chat.keys,
            model,
            key,
            profile=profile,
            local=self._local_models,
            is_temporary=context.is_temporary,
        )
        self._panel.show_text(text)

    _profile = ""

    def fit(self) -> None:
        """Give way to a long prompt or a list of suggestions; to be called when these are laid out."""
        if self._panel.display:
            above = self._panel.region.y - self._chat.pane.outer_size.height
            self._panel.fit_window(above + self._chat.status.outer_size.height)

    async def look_for_local_models(self) -> None:
        """Name the models of servers that run on this machine."""
        self._local_models = await self._chat.context.find_local()
        self.show_text(self._profile)

    async def _load(self) -> None:
        store = self._chat.context.store
        try:
            summaries = await store.summaries(limit=_MOST)
            total = await store.count()
        except ChatError:
            return  # the library shows why
        now = datetime.now().astimezone()
        costs = self._chat.context.settings.ui.costs
        self._panel.show_recent([_recent(summary, now, costs=costs) for summary in summaries], total)

    # Actions

    def focus(self) -> None:
        """Go into the list of recent conversations."""
        if self._panel.display and self._panel.recent:
            self._panel.focus()

    async def open_recent(self, number: int) -> None:
        """Open the recent conversation with that number, from 1."""
        if not self._panel.display or self._loading is None:
            return
        try:
            await self._loading.wait()
        except WorkerError:
            return
        if number <= len(self._panel.recent):
            await self.open(self._panel.recent[number - 1].conversation_id)

    async def open(self, conversation_id: str) -> None:
        """Open a conversation; the draft stays with the empty one."""
        chat = self._chat
        try:
            await chat.open(await chat.service.open(conversation_id))
        except ChatError as error:
            chat.notify_error(error)
            self.show()


def _recent(summary: ConversationSummary, now: datetime, *, costs: bool) -> Recent:
    turns = f"{summary.turns:,} {'turn' if summary.turns == 1 else 'turns'}"
    is_known = costs and summary.cost_usd is not None
    cost = dollars(summary.cost_usd, estimated=summary.cost_estimated) if is_known else ""
    figures = f"{turns:>9}{cost:>{_FIGURES_CELLS - 9}}" if costs else f"{turns:>9}"
    return Recent(summary.id, shown_title(summary.title), figures, when(summary.updated_at, now), summary.is_live)
