"""Shows the queued prompts, and the keys to send, edit or remove them."""

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_chat.core.clean import clean_line
from tui_chat.ui.attachment_marks import brief
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import Scope
from tui_chat.ui.messages import ActionRequested, QueuedPromptRequested

MOST_ROWS = 5
_HEAD = "queued  "


class QueueBar(Widget, can_focus=True):
    """One row per queued prompt, the next one first; hidden while the queue is empty."""

    prompts: reactive[Sequence[str]] = reactive((), layout=True)
    """In the order they are sent."""
    chosen = reactive(0)

    def __init__(self, keys: Keyboard) -> None:
        super().__init__()
        self._keys = keys
        keys.bind(self, Scope.QUEUE)

    def watch_prompts(self, prompts: Sequence[str]) -> None:
        self.display = bool(prompts)
        self.chosen = max(0, min(self.chosen, len(prompts) - 1))
        self.styles.height = 1 if len(prompts) == 1 else min(len(prompts), MOST_ROWS) + 1
        if not prompts and self.has_focus:
            self.post_message(ActionRequested("screen.write"))

    def on_focus(self) -> None:
        """Select the last prompt, the nearest to the prompt box."""
        self.chosen = len(self.prompts) - 1
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        self.chosen = min(self._first + event.y, len(self.prompts) - 1)

    def action_choose(self, by: int) -> None:
        """Select another prompt; below the last one is the prompt box."""
        if self.chosen + by >= len(self.prompts):
            self.post_message(ActionRequested("screen.write"))
        else:
            self.chosen = max(0, self.chosen + by)

    def action_send(self) -> None:
        self.post_message(QueuedPromptRequested(now=True, at=self.chosen))

    def action_edit(self) -> None:
        self.post_message(QueuedPromptRequested(at=self.chosen))

    @property
    def _first(self) -> int:
        """The index of the first visible prompt."""
        last = max(self.chosen, MOST_ROWS - 1) if self.has_focus else MOST_ROWS - 1
        return min(last, len(self.prompts) - 1) - min(len(self.prompts), MOST_ROWS) + 1

    def render(self) -> Content:
        if len(self.prompts) == 1:
            hint = self._hint(self.size.width // 2) if self.size.width >= 60 else Content()
            room = max(self.size.width - hint.cell_length - len(_HEAD) - 2, 4)
            return self._row(0, room) + "  " + hint
        shown = range(self._first, self._first + min(len(self.prompts), MOST_ROWS))
        rows = [self._row(at, self.size.width - len(_HEAD)) for at in shown]
        return Content("\n").join([*rows, Content(" " * len(_HEAD)) + self._hint(self.size.width - len(_HEAD))])

    def _row(self, at: int, room: int) -> Content:
        head = Content.styled(_HEAD if at == self._first else " " * len(_HEAD), "$text-warning")
        number = f"{at + 1} " if len(self.prompts) > 1 else ""
        text = Content(number + clean_line(brief(self.prompts[at]))).truncate(room, ellipsis=True)
        return head + (text.stylize("reverse") if self.has_focus and at == self.chosen else text)

    def _hint(self, room: int) -> Content:
        """Return what the keys do, the most needed first, as many as fit."""
        keys = self._keys
        if self.has_focus:
            does = [("queue.send", "send now"), ("queue.edit", "edit"), ("queue.drop_chosen", "remove")]
            does.append(("queue.leave", "back"))
        elif len(self.prompts) == 1:
            does = [
                ("prompt.send", "in an empty prompt: send now"),
                ("prompt.older", "edit"),
                ("queue.drop", "remove"),
            ]
        else:
            does = [("prompt.send", "in an empty prompt: send the first"), ("prompt.older", "edit the last")]
            does += [("queue.choose", "manage"), ("queue.drop", "remove the last")]
        hints = [f"{keys(key)} {what}" for key, what in does if keys(key)]
        while hints and len(" · ".join(hints)) > room:
            hints.pop()
        return Content.styled(" · ".join(hints), "$foreground-disabled")
