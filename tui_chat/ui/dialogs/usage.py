"""Tokens and cost by day, model and conversation, with bars."""

from datetime import datetime, timedelta

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Static

from tui_chat.core.bar_chart import bar, sparkline
from tui_chat.core.clean import clean_line
from tui_chat.core.error import ChatError
from tui_chat.core.text_width import text_width
from tui_chat.core.usage_report import UsageLine, UsageReport
from tui_chat.core.usage_report_text import usage_table
from tui_chat.service.budget_gate import BudgetGate
from tui_chat.service.usage_report import By, lines_by, usage_report
from tui_chat.storage.store import Store
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import hint_content, hint_line
from tui_chat.ui.keymap import Scope
from tui_chat.wording import explain

_SPANS: tuple[tuple[str, int | None], ...] = (("30 days", 30), ("7 days", 7), ("all time", None))
_SIGNS = (("?", "`?` is unknown"), ("~", "`~` an estimate"))
_BAR_CELLS = 10
_CHART_DAYS = 30


class UsageScreen(ModalScreen[None]):
    CSS_PATH = "dialog.tcss"
    SCOPE = Scope.USAGE

    page = query_one("#page", Static)

    def __init__(self, keys: Keyboard, store: Store, gate: BudgetGate) -> None:
        super().__init__()
        self._keys = keys
        self._store = store
        self._gate = gate
        self._today = ""
        self._report: UsageReport | None = None
        self._by: By = "day"
        self._span = 0

    def compose(self) -> ComposeResult:
        yield Static("Usage", markup=False, classes="title")
        with VerticalScroll(can_focus=False):
            yield Static("Loading …", id="page", markup=False)
        groups = ("usage.by_day", "usage.by_model", "usage.by_conversation")
        hint = hint_line(self._keys, *groups, "usage.span", "usage.close")
        yield Static(hint_content(hint), classes="hint")

    def on_mount(self) -> None:
        self._keys.bind(self, Scope.USAGE)
        self._load()

    def action_by(self, by: By) -> None:
        self._by = by
        self._load()

    def action_span(self) -> None:
        """Switch to the next period."""
        self._span = (self._span + 1) % len(_SPANS)
        self._load()

    def action_scroll(self, rows: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)

    @work(exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        name, days = _SPANS[self._span]
        now = datetime.now().astimezone()
        since = None if days is None else now - timedelta(days=days)
        try:
            report = await usage_report(self._store, since)
            self._today = await self._gate.report()
        except ChatError as error:
            self.page.update(Content(clean_line(explain(error).sentence)))
            return
        self.query_one(".title", Static).update(Content(f"Usage by {self._by}, {name}"))
        self._report = report
        self.page.update(self._drawn(report, now))

    def on_resize(self) -> None:
        """Show as many columns as fit."""
        if self._report is not None:
            report = self._report
            self.call_after_refresh(lambda: self.page.update(self._drawn(report, datetime.now().astimezone())))

    def _drawn(self, report: UsageReport, now: datetime) -> Content:
        lines = lines_by(report, self._by)
        if not lines:
            return Content("No usage recorded in this period. A reply's tokens and cost are added when it ends.")
        table = usage_table(lines, report.total, self.page.container_size.width - _BAR_CELLS - 3)
        most = float(max(line.cost.total_usd for line in lines))
        bars = ["", *(_bar(line, most) for line in lines), ""]
        width = max(map(text_width, table))
        rows = [
            Content.assemble(row + " " * (width - text_width(row)), ("  " + drawn, "$text-accent"))
            for row, drawn in zip(table, bars, strict=True)
        ]
        rows[0] = Content.styled(table[0], "dim")
        rows[-1] = Content.styled(table[-1], "bold")
        if self._by == "day" and most:
            each = report.each_day(now.date(), _CHART_DAYS)
            chart = sparkline([float(line.cost.total_usd) for line in each])
            rows += [Content(""), Content.assemble(("last 30 days  ", "dim"), (chart, "$text-accent"))]
        if meanings := [meaning for sign, meaning in _SIGNS if sign in table[-1]]:
            rows.append(Content.styled(", ".join(meanings), "dim"))
        if self._today:
            rows += [Content(""), Content.assemble(("budget  ", "dim"), self._today)]
        return Content("\n").join(rows)


def _bar(line: UsageLine, most_usd: float) -> str:
    return bar(float(line.cost.total_usd) / most_usd, _BAR_CELLS) if most_usd and line.cost.total_usd else ""
