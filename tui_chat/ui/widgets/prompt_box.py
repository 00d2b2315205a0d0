"""The prompt box: edits a prompt and posts it. Does not know what happens with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.geometry import Offset
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Location

from tui_chat.ui.chat.welcome import PLACEHOLDER
from tui_chat.ui.commands.completion import Completion
from tui_chat.ui.messages import (
    ActionRequested,
    DraftChanged,
    FileNamed,
    FilesTyped,
    PathsPasted,
    PromptModeChanged,
    PromptSubmitted,
    QueuedPromptRequested,
    SuggestionsChanged,
)
from tui_chat.ui.widgets.graphemes import end_of_grapheme, start_of_grapheme
from tui_chat.ui.widgets.paste_placeholders import PLACEHOLDER_START, PastePlaceholders

if TYPE_CHECKING:
    from tui_chat.core.part import AttachmentPart
    from tui_chat.ui.picker_rows import Choice
    from tui_chat.ui.widgets.attachment_placeholders import AttachmentPlaceholders
    from tui_chat.ui.widgets.vi_keys import ViKeys

_FILE_TOKEN = re.compile(r"(?<!\S)@((?:\\.|[^\s\\])*)\Z")
"""An `@` with the start of a file name before the cursor; a space in the name has a backslash."""
_MOST_EDITED = 50_000
"""Characters of a text that is shown whole to be changed."""
_DROPPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class FileToken(NamedTuple):
    """An `@` with the start of a file name."""

    start: Location
    end: Location
    typed: str
    """The name without `@` and backslashes."""


class PromptBox(TextArea):
    """The input for prompts: Enter sends, long pastes are folded, up and down go through the history."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"prompt-box--attachment"}

    def __init__(
        self,
        keys: Mapping[str, str],
        completing: Completion,
        save_draft: Callable[[], None],
        *,
        enter_sends: bool = True,
        vi: bool = False,
    ) -> None:
        """`keys` maps keys to actions; bindings would run before text that was typed just before.

        `save_draft` is called at every change; a message would wait while the screen sends a prompt.
        """
        super().__init__(compact=True, highlight_cursor_line=False, placeholder=PLACEHOLDER)
        self.cursor_blink = False
        self.completing = completing
        self.has_queued = False
        self._keys = keys
        self._save_draft = save_draft
        self.unstored: list[str] = []
        """Prompts that were sent from here and are not stored yet: until then they belong to the draft."""
        self.enter_sends = enter_sends
        self._folds = PastePlaceholders()
        self.reading = 0
        """How many files are being read to be attached; the prompt is not sent meanwhile."""
        self.vi: ViKeys | None = None
        self.use_vi(vi)
        self._history: Sequence[str] = ()
        self._walked_to = -1
        self._own_draft = ""

    @cached_property
    def _files(self) -> "AttachmentPlaceholders":
        # Imported late, as the first screen has none.
        from tui_chat.ui.widgets.attachment_placeholders import AttachmentPlaceholders

        return AttachmentPlaceholders()

    @property
    def draft(self) -> str:
        """The text to send, with pastes unfolded and a mark for each attachment."""
        return self._whole(self.text)

    @draft.setter
    def draft(self, text: str) -> None:
        self._walked_to = -1
        self._show(self._folded(text))

    def _whole(self, text: str) -> str:
        return self._folds.unfolded(self._files.to_marks(text) if PLACEHOLDER_START in text else text)

    def _folded(self, text: str) -> str:
        # A long text is folded with its marks, so that they are marks when it is unfolded for sending.
        return self._with_placeholders(self._folds.fold(text))

    def _with_placeholders(self, text: str) -> str:
        return self._files.to_placeholders(text) if PLACEHOLDER_START in text else text

    @property
    def editable_text(self) -> str:
        """The text for an editor: pastes unfolded, attachments by their placeholders."""
        return self._with_placeholders(self._folds.unfolded(self.text))

    @property
    def read_draft(self) -> Callable[[], str]:
        """A function that returns the present draft, also later."""
        return partial(self._whole, self.text)

    @property
    def read_unstored(self) -> Callable[[], str]:
        """A function that returns the prompts that are not stored yet and the present draft below, also later."""
        unstored, read_draft = tuple(self.unstored), self.read_draft
        return (lambda: "\n".join(filter(None, (*unstored, read_draft())))) if unstored else read_draft

    def mark_stored(self, text: str) -> None:
        """Remove a prompt that was sent from what belongs to the draft."""
        if text in self.unstored:
            self.unstored.remove(text)
            self._save_draft()

    def restore_text(self, text: str) -> None:
        """Put a text back that was not sent; newer text stays below it."""
        written = self.draft
        self.draft = f"{text}\n{written}" if written.strip() else text

    def show_to_edit(self, text: str) -> None:
        """Show a text that is to be changed: only a very long one is folded."""
        if len(text) > _MOST_EDITED:
            self.draft = text
        else:
            self._walked_to = -1
            self._show(self._with_placeholders(text))

    def set_history(self, prompts: Sequence[str]) -> None:
        """Set the history for up and down, newest first."""
        self._history = prompts
        self._walked_to = -1

    def _show(self, text: str) -> None:
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    def use_vi(self, chosen: bool) -> None:
        """Use the keys of vi, or the usual ones."""
        self.vi = None
        if chosen:
            from tui_chat.ui.widgets.vi_keys import ViKeys

            self.vi = ViKeys(self, lambda: self.post_message(PromptModeChanged()))

    async def on_key(self, event: events.Key) -> None:
        if self.vi is not None and self.vi.take(event):
            event.stop()
            event.prevent_default()
            return
        action = self._keys.get(event.key)
        if action is None:
            return
        event.stop()
        event.prevent_default()
        if "." in action.partition("(")[0]:
            self.post_message(ActionRequested(action))
        else:
            await self.run_action(action)

    def render_line(self, y: int) -> Strip:
        """Draw nothing in a box without width: Textual cannot wrap its placeholder there."""
        return super().render_line(y) if self.content_size.width > 0 else Strip.blank(self.size.width)

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        """Scroll to the cursor; in the middle of an undo it may be behind the end of the text, which Textual cannot
        locate."""
        if self.cursor_location[0] >= self.document.line_count:
            return Offset()
        return super().scroll_cursor_visible(center, animate)

    # Sending

    def action_send(self) -> None:
        """Send, or insert a new line if the two keys are swapped."""
        row, column = self.cursor_location
        if self.enter_sends and self.document[row][:column].endswith("\\"):
            self.replace("\n", (row, column - 1), (row, column), maintain_selection_offset=False)
        elif not self.enter_sends:
            self._break_line()
        else:
            self._submit()

    def action_newline(self) -> None:
        """Insert a new line, or send if the two keys are swapped."""
        if self.enter_sends:
            self._break_line()
        else:
            self._submit()

    def _break_line(self) -> None:
        self.replace("\n", *self.selection, maintain_selection_offset=False)

    def _submit(self) -> None:
        token = self.file_token
        if token is not None and (chosen := self.completing.chosen_file(token.typed)) is not None:
            self._take_file(token, chosen)
            return
        if self.reading:
            self.post_message(ActionRequested("screen.wait_for_files"))
            return
        meant = self.text if self.completing.is_files else self.completing.entered(self.text)
        text = meant if meant != self.text else self.draft
        if text.strip():
            self.submit(text)
        else:
            self.post_message(QueuedPromptRequested(now=True))

    def submit(self, text: str) -> None:
        """Post a prompt and clear the box."""
        self.unstored.append(text)
        # Cleared at once: a second Enter must not send it again, and what is typed next is another prompt.
        self.draft = ""
        self.history.clear()
        if self.vi is not None:
            self.vi.insert()
        self.post_message(PromptSubmitted(text))

    # Suggestions

    @property
    def _suggests(self) -> bool:
        if not self.completing.is_files:
            self.completing.type(self.text)
        return bool(self.completing.found)

    def _highlight(self, by: int) -> bool:
        if not self._suggests or len(self.completing.found) < 2:
            return False
        self.completing.move(by)
        self.post_message(SuggestionsChanged())
        return True

    def close_suggestions(self) -> bool:
        """Close the completions. Return False if there are none."""
        if not self._suggests:
            return False
        self.completing.close()
        self.post_message(SuggestionsChanged())
        return True

    # Earlier prompts

    def action_older(self) -> None:
        """Go up, also among completions; from the first row to the previous prompt in history."""
        if self._highlight(-1):
            return
        if not self.selection.is_empty or not self.navigator.is_first_wrapped_line(self.cursor_location):
            self.action_cursor_up()
        elif self.has_queued and not self.text:
            self.post_message(QueuedPromptRequested())
        else:
            self._walk(1)

    def action_newer(self) -> None:
        """Go down, also among completions; from the last row to the next prompt, then the draft."""
        if self._highlight(1):
            return
        if not self.selection.is_empty or not self.navigator.is_last_wrapped_line(self.cursor_location):
            self.action_cursor_down()
        elif self._walked_to == -1 and not self.text:
            self.post_message(ActionRequested("screen.recent"))
        else:
            self._walk(-1)

    def _walk(self, steps: int) -> None:
        to = self._walked_to + steps
        if -1 <= to < len(self._history):
            if self._walked_to == -1:
                self._own_draft = self.text
            self._walked_to = to
            self._show(self._own_draft if to == -1 else self._folded(self._history[to]))

    # Writing

    def action_complete(self) -> None:
        """Complete a file name or a command, or unfold a paste; else switch to reading mode."""
        if self.completing.is_files and self.completing.highlighted is not None:
            if (token := self.file_token) is not None:
                self._take_file(token, self.completing.highlighted)
        elif completed := self.completing.completed(self.text):
            self._show(completed)
        elif not self._unfold():
            self.post_message(ActionRequested("screen.read"))

    def action_word_or_branch(self, by: int) -> None:
        """Go to the previous or next word; in an empty prompt, to the previous or next branch."""
        if not self.text:
            self.post_message(ActionRequested(f"screen.branch({by})"))
        elif by < 0:
            self.action_cursor_word_left()
        else:
            self.action_cursor_word_right()

    def action_undo(self) -> None:
        """Undo typing; with nothing to undo, suspend as a shell's user expects."""
        if self.history.undo_stack:
            super().action_undo()
        else:
            self.post_message(ActionRequested("app.suspend"))

    def action_delete_or_quit(self) -> None:
        """Delete forward; quit if the prompt is empty."""
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(ActionRequested("app.quit"))

    def _unfold(self) -> bool:
        """Unfold the paste at the cursor, else the first one."""
        row, column = self.cursor_location
        places = [
            (row, column),
            *((at, start) for at in range(self.document.line_count) for start in self._signs(at)),
        ]
        for row, column in places:
            if span := self._folds.placeholder_at(self.document[row], column):
                placeholder = self.document[row][span[0] : span[1]]
                self.replace(self._folds.unfolded(placeholder), (row, span[0]), (row, span[1]))
                return True
        return False

    def _signs(self, row: int) -> list[int]:
        return [at for at, letter in enumerate(self.document[row]) if letter == PLACEHOLDER_START]

    async def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        from tui_chat.attachments.paths import dropped_paths  # late, as nothing is pasted into the first screen

        text = _DROPPED.sub("", event.text.replace("\r\n", "\n").replace("\r", "\n"))
        self.focus()
        if not event.text:
            # Some terminals paste nothing where the clipboard has only an image.
            self.post_message(ActionRequested("screen.paste_image"))
        elif paths := dropped_paths(text):
            self.history.checkpoint()
            self.replace(text, *self.selection, maintain_selection_offset=False)
            self.reading += 1
            self.post_message(PathsPasted(text, paths))
        else:
            self.replace(self._folds.fold(text), *self.selection, maintain_selection_offset=False)

    # Attachments

    def insert_attachments(self, parts: "Sequence[tuple[AttachmentPart, int]]", instead_of: str = "") -> None:
        """Insert placeholders for files and their tokens, in place of the text that named them, if there is one."""
        placeholders = " ".join(self._files.placeholder_of(part, tokens=tokens) for part, tokens in parts)
        self.history.checkpoint()
        if not instead_of:
            row, column = self.cursor_location
            span = self._files.placeholder_at(self.document[row], column)
            column = span[1] if span is not None and span[0] < column else column
            lead = " " if self.document[row][:column].rstrip(" ") and self.document[row][column - 1] != " " else ""
            self.replace(f"{lead}{placeholders} ", (row, column), (row, column), maintain_selection_offset=False)
        elif (start := self.text.find(instead_of)) >= 0:
            end = start + len(instead_of)
            space = "" if self.text[end : end + 1].isspace() else " "
            is_behind = self.cursor_location == self._location(end)
            self.replace(placeholders + space, self._location(start), self._location(end))
            if is_behind:
                self.move_cursor(self._location(start + len(placeholders + space)))
        self.history.checkpoint()

    def _location(self, offset: int) -> Location:
        before = self.text[:offset]
        return before.count("\n"), offset - (before.rfind("\n") + 1)

    @property
    def file_token(self) -> FileToken | None:
        """The file name that is typed before the cursor; a slash command has none."""
        row, column = self.cursor_location
        if not self.selection.is_empty or row >= self.document.line_count:
            return None
        line = self.document[row][:column]
        if "@" not in line or self.text.startswith("/") or not (found := _FILE_TOKEN.search(line)):
            return None
        return FileToken((row, found.start()), (row, column), re.sub(r"\\(.)", r"\1", found[1]))

    def offer_files(self, typed: str, choices: "Sequence[Choice]") -> None:
        """Show these files, if that is still what is typed."""
        if (token := self.file_token) is not None and token.typed == typed:
            self.completing.offer_files(choices)
            self.post_message(SuggestionsChanged())

    def _take_file(self, token: FileToken, choice: "Choice") -> None:
        """Continue within a folder, or attach a file."""
        name = re.sub(r"([\s\\])", r"\\\1", choice.value)
        self.history.checkpoint()
        self.replace(f"@{name}", token.start, token.end, maintain_selection_offset=False)
        if not choice.value.endswith("/"):
            self.completing.close()
            self.reading += 1
            self.post_message(FileNamed(f"@{name}", choice.value))

    def _type_ahead(self) -> None:
        """Update the completions for what is before the cursor."""
        if (token := self.file_token) is not None:
            self.post_message(FilesTyped(token.typed))
        else:
            if self.completing.is_files:
                self.post_message(FilesTyped(None))
            self.completing.type(self.text)
        self.post_message(SuggestionsChanged())

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """Close the files when the cursor leaves the name."""
        event.stop()
        if self.completing.is_files and self.file_token is None:
            self._type_ahead()

    def get_line(self, line_index: int) -> Text:
        """Return a line with its attachments in a style of their own."""
        line = super().get_line(line_index)
        for start, end in self._file_spans(line.plain):
            line.stylize(self.get_component_rich_style("prompt-box--attachment", partial=True), start, end)
        return line

    def get_cursor_left_location(self) -> Location:
        """Return the position one grapheme, folded paste or attachment to the left."""
        row, column = self.cursor_location
        if column == 0:
            return super().get_cursor_left_location()
        line = self.document[row]
        start = next((start for start, end in self._spans(line) if start < column <= end), None)
        return (row, start_of_grapheme(line, column) if start is None else start)

    def get_cursor_right_location(self) -> Location:
        """Return the position one grapheme, folded paste or attachment to the right."""
        row, column = self.cursor_location
        line = self.document[row]
        if column >= len(line):
            return super().get_cursor_right_location()
        end = next((end for start, end in self._spans(line) if start <= column < end), None)
        return (row, end_of_grapheme(line, column) if end is None else end)

    def _spans(self, line: str) -> list[tuple[int, int]]:
        return [*self._folds.spans(line), *self._file_spans(line)]

    def _file_spans(self, line: str) -> list[tuple[int, int]]:
        return self._files.spans(line) if PLACEHOLDER_START in line else []

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Post the new draft, and update the suggestions."""
        event.stop()
        self._save_draft()
        self.post_message(DraftChanged(self.read_draft))
        self._type_ahead()
