"""The panel below the prompt of an empty conversation: model, key, hints, recent conversations. Only draws.

It is on the start-up screen too, so it imports nothing that the first paint does not need.
"""

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui_chat.ui.chat.welcome import HomeText, margin_of, rows_below_prompt
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import Scope

_MOST_CELLS = 100
_LOW_ROWS = 14
"""With fewer rows the notes are short."""
_AROUND_RECENT = len(("blank row", "heading", "how many there are"))
_FEW = 3
"""So many recent conversations use every row; more leave the last one empty."""
_GAP = "  "
_DIM = "$foreground-muted"


class Recent(NamedTuple):
    """A conversation in the list; its texts are clean."""

    conversation_id: str
    title: str
    figures: str
    """How long it is and what it cost."""
    when: str
    is_live: bool = False
    """A reply is streaming into it."""


class HomePanel(Widget, can_focus=True):
    """Shows a few rows; the recent conversations come later, below what is there."""

    DEFAULT_CSS = """
    HomePanel { width: 100%; background: $background; color: $foreground; }
    """

    class Chosen(Message):
        def __init__(self, conversation_id: str) -> None:
            super().__init__()
            self.conversation_id = conversation_id

    class Left(Message):
        """The cursor left the list upwards."""

    def __init__(self, keys: Keyboard, text: HomeText) -> None:
        super().__init__()
        keys.bind(self, Scope.HOME)
        self._keys = keys
        self._text = text
        self._recent: Sequence[Recent] = ()
        self._total: int | None = None
        self._cursor = 0
        self._first_row = 0

    def on_mount(self) -> None:
        self.fit_window()

    def fit_window(self, taken: int = 0) -> None:
        """Take the room below the prompt, at most what `taken` rows of other bars leave."""
        height = self.app.size.height
        self.styles.height = max(0, min(rows_below_prompt(height), height - taken))

    def show_text(self, text: HomeText) -> None:
        if text != self._text:
            self._text = text
            self.refresh()

    def show_recent(self, recent: Sequence[Recent], total: int) -> None:
        """Show the last used of so many conversations."""
        self._recent, self._total = recent, total
        self._cursor = min(self._cursor, max(0, len(recent) - 1))
        self.refresh()

    @property
    def recent(self) -> Sequence[Recent]:
        """The conversations that are drawn."""
        return self._recent[: self._room_for_recent]

    # Drawing

    def render(self) -> Content:
        width = self.size.width
        margin = margin_of(width)
        cells = max(1, min(width - 2 * margin - 1, _MOST_CELLS))
        rows = self._rows_above(cells)
        self._first_row = len(rows) + 2
        if self.recent:
            rows += [Content(), Content.styled("Recent conversations", _DIM), *self._recent_rows(cells)]
        return Content("\n").join(Content(" " * margin) + row for row in rows[: self.size.height])

    @property
    def _room_for_recent(self) -> int:
        width = self.size.width
        cells = max(1, min(width - 2 * margin_of(width) - 1, _MOST_CELLS))
        room = max(0, self.size.height - len(self._rows_above(cells)) - _AROUND_RECENT)
        return room - 1 if room > _FEW else room  # an empty row above the footer

    def _rows_above(self, cells: int) -> list[Content]:
        text = self._text
        about = [(text.model, "$foreground")]
        about += [(f" · profile {text.profile}", _DIM)] if text.profile else []
        about += [(f" · {text.key}", "$text-warning" if text.is_key_missing else _DIM)] if text.key else []
        rows = [Content(), Content.assemble(*about).truncate(cells, ellipsis=True), self._hints(cells)]
        is_low = self.size.height < _LOW_ROWS
        notes = [piece for note in text.notes for piece in wrap(note[is_low], cells)]
        return [*rows, Content(), *(Content.styled(note, _DIM) for note in notes)] if notes else rows

    def _hints(self, cells: int) -> Content:
        hints = Content()
        for key, does in self._text.hints:
            hint = Content.assemble((key, "$foreground"), (f" {does}", _DIM))
            longer = hints + Content(_GAP if hints else "") + hint
            if longer.cell_length > cells:
                break
            hints = longer
        return hints

    def _recent_rows(self, cells: int) -> list[Content]:
        rows = [self._recent_row(number, recent, cells) for number, recent in enumerate(self.recent)]
        if self._total is not None and self._total > len(rows) and (key := self._keys("library.open")):
            rows.append(Content.assemble((key, "$foreground"), (f" all {self._total:,} conversations", _DIM)))
        return rows

    def _recent_row(self, number: int, recent: Recent, cells: int) -> Content:
        keys = self._keys.each_of("home.recent")
        is_current = self.has_focus and number == self._cursor
        label = Content.styled(
            (keys[number] if number < len(keys) else "").ljust(max(map(len, keys), default=0)), _DIM
        )
        mark = Content.styled("● ", "$text-accent") if recent.is_live else Content()
        behind = Content.styled(f"{recent.figures}{_GAP}{recent.when:>10}", _DIM)
        lead = label + Content.styled(" › " if is_current else "   ", "$text-accent") + mark
        room = cells - lead.cell_length - behind.cell_length - len(_GAP)
        if room < 16:
            behind = Content.styled(f"{recent.when:>10}", _DIM)
            room = cells - lead.cell_length - behind.cell_length - len(_GAP)
        title = Content.styled(recent.title, "$foreground").truncate(max(1, room), ellipsis=True, pad=True)
        row = lead + title + Content(_GAP) + behind
        if not is_current:
            return row
        theme = self.app.current_theme
        return row.stylize("reverse" if theme.ansi else f"bold on $accent {20 if theme.dark else 13}%")

    # The cursor

    def on_focus(self) -> None:
        self._cursor = 0

    def action_move(self, by: int) -> None:
        """Go to another conversation, or back to the prompt."""
        if self._cursor + by < 0:
            self.post_message(self.Left())
        self._cursor = max(0, min(self._cursor + by, len(self.recent) - 1))
        self.refresh()

    def action_choose(self) -> None:
        self._choose(self._cursor)

    def on_click(self, event: events.Click) -> None:
        self._choose(event.y - self._first_row)

    def _choose(self, number: int) -> None:
        if 0 <= number < len(self.recent):
            self.post_message(self.Chosen(self.recent[number].conversation_id))
