"""Fill in the form of a tool, value by value. Opens only by a key: text that is typed for the prompt goes there."""

from collections.abc import Sequence

from tui_chat.core.clean import clean, clean_line
from tui_chat.core.form import CANCELLED, DECLINED, Form, FormAnswer, FormField, Value
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice

_SEND, _AGAIN, _DECLINE, _CANCEL = "send", "again", "decline", "cancel"
_MAX_MESSAGE = 600
"""Characters of a server's message that a dialog shows."""


class FormActions:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat

    async def fill_in(self, form: Form) -> None:
        """Ask for each value, show all of them, and send what the user decides."""
        reply = self._chat.live_reply
        answer = await self._answer(form)
        if answer is not None and (reply is None or not reply.answer_form(form, answer)):
            self._chat.notify_warning("The tool no longer needs the form.")

    async def _answer(self, form: Form) -> FormAnswer | None:
        """Return the answer; `None` where the form keeps waiting."""
        values: dict[str, Value] = {}
        at = 0
        while True:
            if at < len(form.fields):
                typed = await self._ask(form, at)
                if typed is not None:
                    value = form.fields[at].read(typed)
                    values.pop(form.fields[at].name, None)
                    if value is not None:
                        values[form.fields[at].name] = value
                    at += 1
                    continue
            match await self._decide(form, values, is_complete=at == len(form.fields)):
                case "send":
                    return FormAnswer("accept", values)
                case "decline":
                    return DECLINED
                case "cancel":
                    return CANCELLED
                case "again":
                    at = at if at < len(form.fields) else 0
                case _:
                    return None

    async def _ask(self, form: Form, at: int) -> str | None:
        field = form.fields[at]
        place = f" ({at + 1} of {len(form.fields)})" if len(form.fields) > 1 else ""
        about = f"\n{_short(field.description)}" if field.description else ""
        title = f"{_heading(form)}\n\n{clean_line(field.title)}{place}{about}"
        if field.choices and field.kind != "array":
            return await self._pick(Picker(self._chat.keys, title, _choices(field), current=_current(field)))
        wants = clean_line(field.wants)
        return await self._pick(
            Picker(self._chat.keys, title, (), free=field.accepts, placeholder=wants[:1].upper() + wants[1:])
        )

    async def _decide(self, form: Form, values: dict[str, Value], *, is_complete: bool) -> str | None:
        shown = [f"{clean_line(name)}: {clean_line(_shown(value))}" for name, value in values.items()]
        title = "\n".join([_heading(form), "", *shown]) if shown else _heading(form)
        choices = [Choice(_SEND, f"Send this to {form.server}")] if is_complete else []
        choices += (
            [Choice(_AGAIN, "Fill it in again" if is_complete else "Keep filling it in")] if form.fields else []
        )
        choices += [
            Choice(_DECLINE, "Decline", "the tool gets a refusal"),
            Choice(_CANCEL, "Cancel", "the tool gets no answer"),
        ]
        return await self._pick(Picker(self._chat.keys, title, choices))

    async def _pick(self, picker: Picker) -> str | None:
        return await self._chat.app.push_screen_wait(picker)


def _heading(form: Form) -> str:
    return f"The MCP server {form.server} asks:\n{_short(form.message)}"


def _short(text: str) -> str:
    text = clean(text).strip()
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"


def _shown(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _choices(field: FormField) -> Sequence[Choice]:
    found = [Choice(value, label) for value, label in field.choices]
    return [*found, Choice("", "(no answer)")] if field.can_be_empty and field.default is None else found


def _current(field: FormField) -> str:
    if field.kind == "boolean":
        return "" if field.default is None else "yes" if field.default else "no"
    return "" if field.default is None else str(field.default)
