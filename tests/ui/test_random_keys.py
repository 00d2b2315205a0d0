"""Random walks over the keyboard: nothing raises, no text is lost, and the screen shows the branch.

`TUI_CHAT_WALKS=100 TUI_CHAT_WALK_KEYS=200` makes the long proof of a few.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual import events
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tui_chat.core.budget import Budget, Limit, Span
from tui_chat.core.conversation import Conversation
from tui_chat.core.event import ReplyEvent, TextDelta, TurnEnded, TurnStarted
from tui_chat.core.turn import Role, Turn
from tui_chat.providers.demo.provider import DemoProvider
from tui_chat.service.chat import ChatService
from tui_chat.service.reply import Reply
from tui_chat.settings.load import load_settings
from tui_chat.settings.values import Profile
from tui_chat.storage.store import Store
from tui_chat.ui import press_again
from tui_chat.ui.chat.screen import ChatScreen
from tui_chat.ui.conversation_view.widget import ConversationPane
from tui_chat.ui.messages import PromptSubmitted

pytestmark = pytest.mark.slow

WALKS = int(os.environ.get("TUI_CHAT_WALKS", "4"))
KEYS = int(os.environ.get("TUI_CHAT_WALK_KEYS", "60"))

SETTINGS = load_settings(environ={})._replace(
    profiles={"rust": Profile(model="demo/rust", system="Be terse.")}, file=Path("config.toml")
)
COMMANDS = ["/retry", "/fork", "/source", "/title x", "/system x", "/options effort=low", "/delete", "/nothing"]
COMMANDS += [
    "/compare",
    "/compare demo/a",
    "/compare demo/a demo/b",
    "/config",
    "/config ui.measure 60",
    "/theme nord",
]
COMMANDS += ["/config ui.prompt_keys vi", "/config ui.prompt_keys default"]
COMMANDS += ["/temp", "/leave-out", "/compact", "/edit-reply", "/copy quote", "/copy all", "/usage", "/history"]
COMMANDS += ["/profile", "/model", "/model demo/other", "/tools read", "/tools off", "/find h", "/tree", "/library"]
COMMANDS += ["/greet you", "/help temp", "/suspend", "/paste", "/undo"]
PROMPTS = st.sampled_from(["hi", "long 40", "slow", "cut", "flaky", "error 429", "thinking", "//x", "two\nlines"])
TYPED = st.builds(lambda text: ("type", text), PROMPTS)
SENT = st.builds(lambda text: ("send", text), PROMPTS)
PRESSES = """
enter enter escape escape alt+r ctrl+r,escape f2 f9 alt+left alt+right ctrl+n ctrl+c tab up down alt+x alt+u
ctrl+z alt+z left backspace ctrl+j ctrl+y ctrl+t pageup ctrl+end f1,escape f5,escape f5,k,enter f5,j,enter
f6,escape f6,down,enter ctrl+l,escape ctrl+f,h,enter,n,escape ctrl+o,escape ctrl+o,down,enter ctrl+p,escape
tab,K,e tab,K,r,r tab,K,c,c tab,r tab,c tab,e,escape alt+q alt+q,k,e alt+q,k,x alt+q,enter alt+q,escape f7
ctrl+p,down,down,enter ctrl+p,f,o,r,k,enter ctrl+p,t,u,r,n,enter slash,down,tab slash,t,h,e,tab,down,enter
slash,up,escape,enter tab,K,f tab,J,y tab,[ tab,] tab,t,enter tab,z tab,G,g tab,u tab,i tab,b,Y
alt+n alt+n alt+n,alt+n alt+h alt+h,down,enter alt+h,escape alt+i alt+e alt+o alt+t,escape alt+t,enter
tab,greater_than_sign tab,vertical_line,c,a,t,enter,y tab,vertical_line,escape
tab,C,enter tab,C,escape tab,w,enter tab,E tab,x
tab,d ctrl+l,alt+s,escape ctrl+l,down,enter ctrl+o,t,a,g,escape ctrl+o,alt+p,escape ctrl+o,alt+t,x,enter,escape
ctrl+o,s,t,a,t,e,colon,d,o,n,e,enter ctrl+o,m,o,d,e,l,colon,d,escape ctrl+o,alt+x,alt+u,escape
ctrl+o,alt+a,alt+s,escape ctrl+o,alt+m,down,alt+m,alt+x,alt+u,escape
alt+l alt+w alt+1 f1,t,e,m,p,escape ctrl+p,c,o,n,f,i,g,enter
ctrl+f,h,tab,n,escape tab,v tab,v,d tab,v,1 tab,v,2 tab,v,[,] tab,v,G,k,escape f5,v f5,v,2 escape,escape
"""
PRESSED = st.builds(lambda keys: ("press", keys), st.sampled_from(PRESSES.split()))
NAMED = st.builds(lambda text: ("send", text), st.sampled_from(COMMANDS))
OTHER = st.sampled_from(
    [("wait", ""), ("wait", ""), ("paste", "a\r\nb" * 30), ("paste", "row\n" * 8), ("paste", "row\n" * 14)]
    + [("press", "ctrl+z,ctrl+z,ctrl+z"), ("press", "ctrl+z,alt+z,ctrl+z"), ("press", "tab,ctrl+z")]
    + [("size", size) for size in ("40x10", "60x20", "80x24", "100x30", "120x40", "200x50")]
)
LETTERS = st.sampled_from(
    [("type", word) for word in ["refactor", "compare", "drive", "it", "12", "[b]", "jjj", "Gg"]]
)
"""Words that are typed at any moment, also where letters are commands."""
REOPENED = st.sampled_from([("reopen", "quit"), ("reopen", "kill")])
STEP = st.one_of(TYPED, LETTERS, SENT, SENT, PRESSED, PRESSED, PRESSED, PRESSED, NAMED, OTHER, OTHER, REOPENED)


@dataclass
class Witness:
    """What was sent and what was shown, as it happened."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    """Conversation and text of every prompt that the service took."""
    submitted: list[str] = field(default_factory=list)
    shown: dict[str, list[str]] = field(default_factory=dict)
    """The pieces of each turn that were drawn."""
    faults: list[BaseException] = field(default_factory=list)
    live: str = ""

    def see(self, event: ReplyEvent) -> None:
        match event:
            case TurnStarted(turn=turn):
                self.live = turn.id
                self.shown[turn.id] = [turn.text]
            case TextDelta(text):
                self.shown[self.live].append(text)
            case TurnEnded(turn=turn):
                assert turn.id == self.live

    def hear(self, message: Message) -> None:
        if isinstance(message, Worker.StateChanged) and message.state is WorkerState.ERROR:
            assert message.worker.error is not None
            self.faults.append(message.worker.error)
        elif isinstance(message, PromptSubmitted) and not is_temporary(message._sender):
            self.submitted.append(message.text)

    def watching(self) -> "patch":  # type: ignore[valid-type]
        apply = ConversationPane.apply

        def seen(pane: ConversationPane, event: ReplyEvent) -> None:
            if not is_temporary(pane):
                self.see(event)
            apply(pane, event)

        return patch.object(ConversationPane, "apply", seen)


def is_temporary(widget: MessagePump | None) -> bool:
    """Whether a widget belongs to a conversation that is saved nowhere."""
    return isinstance(widget, Widget) and isinstance(widget.screen, ChatScreen) and widget.screen.context.is_temporary


def listening(service: ChatService, witness: Witness) -> None:
    """Write down what the service took."""
    send, edit = service.send, service.edit

    async def sent(conversation: Conversation, text: str, *attachments: Any) -> Reply:
        reply = await send(conversation, text, *attachments)
        witness.sent.append((conversation.id, text))
        return reply

    async def edited(conversation_id: str, turn_id: str, text: str, **more: Any) -> Reply:
        reply = await edit(conversation_id, turn_id, text, **more)
        witness.sent.append((conversation_id, text))
        return reply

    service.send, service.edit = sent, edited  # type: ignore[assignment,method-assign]


async def take(desk: Desk, step: tuple[str, str]) -> None:
    """One step of a walk."""
    what, with_ = step
    match what:
        case "type":
            await desk.type(with_)
        case "send":
            await desk.type(with_)
            await desk.press("enter")
        case "press":
            names = {"[": "left_square_bracket", "]": "right_square_bracket"}
            await desk.press(*(names.get(key, key) for key in with_.split(",")))
        case "paste":
            desk.app.post_message(events.Paste(with_))
            await desk.settle()
        case "size":
            await desk.pilot.resize_terminal(*map(int, with_.split("x")))
        case "wait":
            await desk.pilot.pause(0.05)


def saved_screen(desk: Desk) -> ChatScreen:
    """The screen of the saved conversations, which a temporary one may lie over."""
    return next(screen for screen in desk.app.screen_stack if isinstance(screen, ChatScreen))


async def walk(steps: Sequence[tuple[str, str]]) -> None:
    """Walk, then look at everything."""
    witness = Witness()
    raised: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context))
    store = await Store.open(":memory:")
    first: Conversation | None = None
    rest = list(steps)
    try:
        with witness.watching():
            while True:
                provider = DemoProvider(pace=0.002)
                running = desk_with(store=store, first=first, provider=provider, hook=witness.hear, settings=SETTINGS)
                async with running as desk:
                    listening(desk.service, witness)
                    desk.service.gate.budget = Budget({Span.DAY: Limit(tokens=10**9)})
                    if first is not None:
                        check_screen(desk, await store.conversation(first.id))
                    while rest and not desk.app._exit and rest[0][0] != "reopen":
                        await take(desk, rest.pop(0))
                    if not rest:
                        await come_to_rest(desk)
                        await check(desk, store, witness)
                        assert not raised, "nothing fails unseen either"
                        return
                    if rest[0][0] == "reopen":
                        rest.pop(0)
                    shown = saved_screen(desk).conversation
                first = await store.conversation(shown.id) if shown.turns else None
    finally:
        await store.aclose()


async def come_to_rest(desk: Desk) -> None:
    """No dialog, no temporary conversation, no reply, nothing that waits."""
    for _ in range(4):
        if desk.app.screen is not desk.chat:
            await desk.press("escape")
    if desk.chat.context.is_temporary:
        desk.chat.prompt.draft = "unsent"  # so that leaving asks first
        await desk.press("alt+n", "alt+n")
        await desk.until(lambda: not desk.chat.context.is_temporary)
    async with asyncio.timeout(60):
        while desk.service.replies or desk.chat.queue.prompts:
            for reply in desk.service.replies:
                reply.cancel()
            if desk.chat.queue.prompts:
                await desk.chat.queue.take()
            await desk.pilot.pause(0.02)
    await desk.pilot.pause(0.05)


async def check(desk: Desk, store: Store, witness: Witness) -> None:
    assert not witness.faults, witness.faults
    active = await store.summaries(limit=1000)
    archived, deleted = (
        await store.summaries(limit=1000, archived=True),
        await store.summaries(limit=1000, deleted=True),
    )
    ids = [row.id for row in (*active, *archived, *deleted)]
    stored = {id: await store.conversation(id) for id in ids}
    for id, text in witness.sent:
        assert text in [turn.text for turn in stored[id].turns if turn.role is Role.USER]
    everything: dict[str, Turn] = {turn.id: turn for one in stored.values() for turn in one.turns}
    known = {turn.text for turn in everything.values()} | set(await store.prompts(limit=10_000))
    for text in witness.submitted:
        assert text.startswith("/") or text in known, text
    for id, pieces in witness.shown.items():
        assert everything[id].text.startswith("".join(pieces)), "what was shown is what is stored, in this order"
    for one in stored.values():
        check_tree(one)
    if desk.chat.conversation.turns:
        check_screen(desk, stored[desk.chat.conversation.id])


def check_tree(conversation: Conversation) -> None:
    ids = [turn.id for turn in conversation.turns]
    assert len(set(ids)) == len(ids)
    for at, turn in enumerate(conversation.turns):
        assert turn.parent_id is None or turn.parent_id in ids[:at], "a parent comes before its child"
        above = conversation.turn(turn.parent_id).role if turn.parent_id else None
        # Only a fork may end with a prompt, behind which another is written.
        if turn.role is Role.ASSISTANT or conversation.origin is None:
            assert (turn.role is Role.ASSISTANT) is (above is Role.USER)
    assert conversation.head in ids


def check_screen(desk: Desk, stored: Conversation) -> None:
    desk.chat.pane.flush()
    assert [entry.turn.id for entry in desk.chat.pane.viewport.turns.entries] == [turn.id for turn in stored.path]
    for entry, turn in zip(desk.chat.pane.viewport.turns.entries, stored.path, strict=True):
        assert desk.chat.pane.viewport.turns.turn_of(entry).text == turn.text


@pytest.mark.timeout(10_800)
@settings(max_examples=WALKS, suppress_health_check=list(HealthCheck))
@given(st.lists(STEP, min_size=KEYS, max_size=KEYS))
def test_no_walk_over_the_keyboard_loses_anything(steps: list[tuple[str, str]]) -> None:
    # What is saved to a file on the way is saved here.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("commands").mkdir()
        Path("commands/greet.md").write_text("Greet $ARGUMENTS.\n")
        with patch.object(press_again, "HELD_DOWN_S", 0.0):
            asyncio.run(walk(steps))


SILENT = """
escape tab up down left pageup pagedown ctrl+home ctrl+end alt+left alt+right alt+u alt+x ctrl+j backspace
ctrl+t ctrl+y f1 f5 f6 ctrl+f ctrl+o ctrl+p ctrl+l ctrl+n ctrl+z alt+z alt+q alt+d ctrl+c j k g G b l z v d t x e f
[ ] n u 1 2 i ?
"""
"""Keys that send nothing, wherever they are pressed."""
QUIET_STEP = st.one_of(
    LETTERS,
    st.builds(lambda text: ("type", text), st.text("abcdefghijklmnopqrstuvwxyz /", min_size=2, max_size=9)),
    st.builds(lambda key: ("press", key), st.sampled_from(SILENT.split())),
    st.builds(lambda key: ("press", key), st.sampled_from(SILENT.split())),
)


async def quiet_walk(steps: Sequence[tuple[str, str]]) -> None:
    """Walk in a conversation with branches; no step asks for a request."""
    async with desk_with(*[HELLO] * 4) as desk:
        for _ in range(2):
            await desk.ask("hi")
            await desk.press("alt+r")
            await desk.idle()
        for step in steps:
            if not desk.app._exit:
                await take(desk, step)
        assert len(desk.provider.requests) == 4


@pytest.mark.timeout(10_800)
@settings(max_examples=WALKS, suppress_health_check=list(HealthCheck))
@given(st.lists(QUIET_STEP, min_size=KEYS, max_size=KEYS))
def test_no_request_leaves_that_no_send_key_asked_for(steps: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        asyncio.run(quiet_walk(steps))
