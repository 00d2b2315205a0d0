"""Shows the tool call that waits for an answer. Its letters answer only while it has the focus, and not at once."""

import time
from collections.abc import Callable, Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_chat.core.clean import clean, clean_line
from tui_chat.core.form import Form
from tui_chat.core.tool import Approval, Decision
from tui_chat.rendering.cell_width import fitted, wrap
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import hint_line
from tui_chat.ui.keymap import Scope
from tui_chat.ui.messages import ActionRequested, ApprovalAnswered

MOST_ROWS = 8
"""Of the call itself; the rest is scrolled."""
SETTLE_S = 0.35
"""Keys count only after the bar has shown a call for so long: what was typed for something else decides nothing."""


_ELSEWHERE = "A tool call waits in "


class ApprovalBar(Widget, can_focus=True):
    """The first of the waiting calls, whole; hidden while none waits."""

    approvals: reactive[Sequence[Approval]] = reactive((), layout=True)
    """In the order in which they are answered."""
    elsewhere: reactive[str] = reactive("", layout=True)
    """Where another question waits, while none waits here: the title of its conversation."""
    form: reactive[Form | None] = reactive(None, layout=True)
    """A form that a tool asks the user to fill in."""
    first_row = reactive(0)
    """The first visible row of the call."""

    def __init__(self, keys: Keyboard, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._keys = keys
        self._monotonic_s = monotonic_s
        self._shown_s = 0.0
        keys.bind(self, Scope.APPROVAL)

    def watch_approvals(self, before: Sequence[Approval], approvals: Sequence[Approval]) -> None:
        self._update_display()
        if approvals[:1] != before[:1]:
            self._shown_s = self._monotonic_s()
            self.first_row = 0
        if not approvals and self.has_focus:
            self.post_message(ActionRequested("screen.write"))

    def _update_display(self) -> None:
        self.display = bool(self.approvals or self.form or self.elsewhere)

    watch_elsewhere = watch_form = _update_display

    def on_focus(self) -> None:
        self._shown_s = self._monotonic_s()
        self.refresh(layout=True)

    def on_blur(self) -> None:
        self.refresh(layout=True)

    def action_answer(self, decision: str, with_reason: bool = False) -> None:
        """Answer the call that is shown, unless it has only just appeared."""
        if self.approvals and self._monotonic_s() - self._shown_s >= SETTLE_S:
            self.post_message(ApprovalAnswered(self.approvals[0].call.call_id, Decision(decision), with_reason))

    def action_scroll_call(self, rows: int) -> None:
        """Show other rows of a long call."""
        self.first_row = max(0, min(self.first_row + rows, len(self._call_rows(self._room)) - MOST_ROWS))

    @property
    def _room(self) -> int:
        return max(20, self.content_size.width)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self._lines(max(20, width)))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self._room))

    def _lines(self, room: int) -> list[Content]:
        if not self.approvals:
            return self._form_lines(room) or self._elsewhere_line(room)
        approval, review = self.approvals[0], self.approvals[0].review
        place = f" ({1} of {len(self.approvals)})" if len(self.approvals) > 1 else ""
        tool = review.tool
        name = f"{tool.own_name or tool.name} of {tool.mcp}" if tool.mcp else tool.name
        title = f"Allow {clean_line(name)}?{place}"
        rows = self._call_rows(room)
        shown = rows[self.first_row : self.first_row + MOST_ROWS]
        lines = [Content.styled(title, "bold $text-warning"), *map(Content, shown)]
        if len(rows) > MOST_ROWS:
            last = min(self.first_row + MOST_ROWS, len(rows))
            lines.append(Content.styled(f"rows {self.first_row + 1}-{last} of {len(rows)}", "$foreground-disabled"))
        if review.warning:
            lines += [Content.styled(row, "$text-error") for row in _wrapped(f"Caution: {review.warning}.", room)]
        covers = f"“Always” would cover {clean_line(approval.always_covers)}."
        lines.append(Content.styled(covers, "$foreground-muted").truncate(room, ellipsis=True))
        lines += [Content.styled(row, "$foreground-disabled") for row in _wrapped(self._hint, room)]
        return lines

    def _form_lines(self, room: int) -> list[Content]:
        if (form := self.form) is None:
            return []
        rows = _wrapped(clean(form.message), room)
        shown = rows[: MOST_ROWS - 1] + ["…"] * (len(rows) >= MOST_ROWS)
        hint = hint_line(self._keys, ("approval.focus", "fill in the form"), ("reply.cancel", "stop the reply"))
        return [
            Content.styled(f"The MCP server {clean_line(form.server)} asks you:", "bold $text-warning"),
            *map(Content, shown),
            Content.styled(hint, "$foreground-disabled"),
        ]

    def _elsewhere_line(self, room: int) -> list[Content]:
        if not self.elsewhere:
            return []
        hint = hint_line(self._keys, ("approval.focus", "show it"))
        title = fitted(clean_line(self.elsewhere), max(8, room - len(_ELSEWHERE) - len(hint) - 4))
        line = Content.styled(f"{_ELSEWHERE}“{title}”  ", "$text-warning")
        return [line + Content.styled(hint, "$foreground-disabled")]

    def _call_rows(self, room: int) -> list[str]:
        """Return every character of the call, made harmless, in rows."""
        return _wrapped(clean(self.approvals[0].review.details), room) if self.approvals else []

    @property
    def _hint(self) -> str:
        keys = self._keys
        if not self.has_focus:
            return hint_line(keys, ("approval.focus", "answer"), ("reply.cancel", "stop the reply"))
        server = self.approvals[0].review.tool.mcp
        steps = ["approval.once", "approval.conversation", "approval.always"]
        steps += ["approval.server"] if server else []
        steps += ["approval.deny", "approval.reason", "approval.stop", "approval.leave"]
        return hint_line(keys, *steps)


def _wrapped(text: str, room: int) -> list[str]:
    lines = text.expandtabs(4).split("\n")
    return [line[start:end] for line in lines for start, end in (wrap(line, room) or [(0, 0)])]
