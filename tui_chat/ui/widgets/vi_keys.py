"""The keys of vi in a text area: what each does in the normal mode. Knows no prompt and no setting."""

import re
from collections.abc import Callable, Mapping

from textual import events
from textual.widgets import TextArea
from textual.widgets.text_area import Location

Motion = Callable[[], Location]
_RUN = re.compile(r"\w+|[^\w\s]+")
"""What a vi user calls a word: letters and digits, or other signs, without space in between."""
_KEYS = re.compile(r"([1-9][0-9]*)?([dcy])?([1-9][0-9]*)?(.*)", re.DOTALL)
_MOST_COUNT = 1_000


class ViKeys:
    """The modes of one text area; it starts in the insert mode, in which every key is the text area's own."""

    def __init__(self, area: TextArea, changed: Callable[[], object]) -> None:
        """`changed` is called when the mode changes."""
        self._area = area
        self._changed = changed
        self.is_normal = False
        self.pending = ""
        """The count and the operator that wait for the next key."""
        self._copied = ""
        self._motions: Mapping[str, Motion] = {
            "h": lambda: self._column_by(-1),
            "l": lambda: self._column_by(1),
            "w": self._next_word,
            "b": self._previous_word,
            "e": self._word_end,
            "0": lambda: (self._row, 0),
            "^": lambda: (self._row, len(self._line) - len(self._line.lstrip())),
            "$": lambda: (self._row, len(self._line)),
            "G": lambda: self._area.document.end,
            "gg": lambda: (0, 0),
            "j": lambda: (min(self._row + 1, self._area.document.line_count - 1), self._column),
            "k": lambda: (max(self._row - 1, 0), self._column),
        }
        self._commands: Mapping[str, Callable[[], object]] = {
            "i": self.insert,
            "a": lambda: self._insert_at(self._column_by(1)),
            "A": lambda: self._insert_at((self._row, len(self._line))),
            "I": lambda: self._insert_at(self._motions["^"]()),
            "o": lambda: self._open_line(below=True),
            "O": lambda: self._open_line(below=False),
            "x": lambda: self._delete(self._area.cursor_location, self._area.get_cursor_right_location()),
            "D": lambda: self._delete(self._area.cursor_location, (self._row, len(self._line))),
            "C": lambda: self._change(self._area.cursor_location, (self._row, len(self._line))),
            "u": self._undo,
            "p": lambda: self._put(after=True),
            "P": lambda: self._put(after=False),
        }

    def insert(self) -> None:
        """Let every key write again."""
        self._set(normal=False)

    def take(self, event: events.Key) -> bool:
        """Handle a key; return whether it was one of these."""
        if not self.is_normal:
            # In an empty text Escape keeps its usual meaning.
            if event.key != "escape" or not self._area.text:
                return False
            self._leave_insert()
            return True
        if event.key == "escape" and self.pending:
            self._wait("")
            return True
        if not event.is_printable or not event.character:
            self._wait("")
            return False
        self._press(event.character)
        return True

    def _leave_insert(self) -> None:
        self._set(normal=True)
        if self._column:
            self._area.move_cursor(self._area.get_cursor_left_location())

    def _set(self, *, normal: bool) -> None:
        self.is_normal, self.pending = normal, ""
        self._changed()

    def _wait(self, keys: str) -> None:
        self.pending = keys
        self._changed()

    def _press(self, letter: str) -> None:
        typed = self.pending + letter
        count, operator, motion = _parsed(typed)
        if motion in ("", "g"):
            self._wait(typed)
            return
        self._wait("")
        if operator and motion == operator:
            self._operate_lines(operator, count)
        elif operator and motion in self._motions:
            self._operate(operator, motion, count)
        elif motion in self._motions:
            for _ in range(count):
                self._area.move_cursor(self._motions[motion]())
        elif motion in self._commands and not operator:
            for _ in range(count if motion in "xpPu" else 1):
                self._commands[motion]()

    # Operators

    def _operate(self, operator: str, motion: str, count: int) -> None:
        """Delete, change or copy from the cursor to where a motion leads."""
        if motion in "jkG" or motion == "gg":
            first, last = sorted((self._row, self._motions[motion]()[0]))
            self._operate_rows(operator, first, last)
            return
        start = self._area.cursor_location
        if operator == "c" and motion == "w":
            motion = "e"  # as vi does: the space behind the word stays
        for _ in range(count):
            self._area.move_cursor(self._motions[motion]())
        end = self._area.cursor_location
        if motion == "e":
            end = self._area.get_cursor_right_location()
        if motion == "w" and end[0] > start[0]:
            end = (start[0], len(self._area.document[start[0]]))
        start, end = sorted((start, end))
        self._area.move_cursor(start)
        self._apply(operator, start, end)

    def _apply(self, operator: str, start: Location, end: Location) -> None:
        if operator == "y":
            self._copied = self._area.get_text_range(start, end)
        elif operator == "d":
            self._delete(start, end)
        else:
            self._change(start, end)

    def _operate_lines(self, operator: str, count: int) -> None:
        self._operate_rows(operator, self._row, min(self._row + count, self._area.document.line_count) - 1)

    def _operate_rows(self, operator: str, first: int, last: int) -> None:
        """Delete, change or copy whole lines; what is copied ends with a newline."""
        lines = [self._area.document[row] for row in range(first, last + 1)]
        end = (last, len(lines[-1]))
        if operator == "c":
            self._change((first, 0), end)
        elif operator == "d" and last + 1 < self._area.document.line_count:
            self._delete((first, 0), (last + 1, 0))
        elif operator == "d":
            start = (first - 1, len(self._area.document[first - 1])) if first else (0, 0)
            self._delete(start, end)
            self._area.move_cursor((self._row, 0))
        self._copied = "\n".join([*lines, ""])

    def _delete(self, start: Location, end: Location) -> None:
        self._copied = self._area.get_text_range(start, end)
        self._area.history.checkpoint()
        self._area.delete(start, end, maintain_selection_offset=False)
        self._area.history.checkpoint()

    def _change(self, start: Location, end: Location) -> None:
        self._delete(start, end)
        self.insert()

    def _put(self, *, after: bool) -> None:
        """Insert what was deleted or copied; whole lines go below or above the present one."""
        if not self._copied:
            return
        self._area.history.checkpoint()
        if self._copied.endswith("\n"):
            place = (self._row, len(self._line)) if after else (self._row, 0)
            row = self._row + (1 if after else 0)
            text = f"\n{self._copied[:-1]}" if after else self._copied
            self._area.insert(text, place)
            self._area.move_cursor((row, 0))
        else:
            place = self._column_by(1) if after else self._area.cursor_location
            self._area.insert(self._copied, place)
        self._area.history.checkpoint()

    def _undo(self) -> None:
        if self._area.history.undo_stack:
            self._area.undo()

    def _open_line(self, *, below: bool) -> None:
        row = self._row
        self._area.insert("\n", (row, len(self._line)) if below else (row, 0))
        self._insert_at((row + 1, 0) if below else (row, 0))

    def _insert_at(self, location: Location) -> None:
        self._area.move_cursor(location)
        self.insert()

    # Motions

    @property
    def _row(self) -> int:
        return self._area.cursor_location[0]

    @property
    def _column(self) -> int:
        return self._area.cursor_location[1]

    @property
    def _line(self) -> str:
        return self._area.document[self._row]

    def _column_by(self, by: int) -> Location:
        """Return the place one character to the left or right, within the line."""
        if by < 0:
            return self._area.get_cursor_left_location() if self._column else self._area.cursor_location
        is_inside = self._column < len(self._line)
        return self._area.get_cursor_right_location() if is_inside else self._area.cursor_location

    def _next_word(self) -> Location:
        row, column = self._area.cursor_location
        here = next((run for run in _RUN.finditer(self._line) if run.start() > column), None)
        if here is not None:
            return row, here.start()
        for below in range(row + 1, self._area.document.line_count):
            line = self._area.document[below]
            return below, len(line) - len(line.lstrip())
        return row, len(self._line)

    def _previous_word(self) -> Location:
        row, column = self._area.cursor_location
        starts = [run.start() for run in _RUN.finditer(self._line) if run.start() < column]
        if starts:
            return row, starts[-1]
        for above in range(row - 1, -1, -1):
            starts = [run.start() for run in _RUN.finditer(self._area.document[above])]
            return above, starts[-1] if starts else 0
        return row, 0

    def _word_end(self) -> Location:
        row, column = self._area.cursor_location
        for below in range(row, self._area.document.line_count):
            ends = [run.end() - 1 for run in _RUN.finditer(self._area.document[below])]
            if (end := next((end for end in ends if below > row or end > column), None)) is not None:
                return below, end
        return row, len(self._line)


def _parsed(keys: str) -> tuple[int, str, str]:
    """Split `2d3w` into the count, here six, the operator and the motion; a zero alone is a motion."""
    found = _KEYS.fullmatch(keys)
    assert found is not None
    first, operator, second, motion = found.groups(default="")
    count = int(first[:4] or 1) * int(second[:4] or 1)
    return min(count, _MOST_COUNT), operator, motion
