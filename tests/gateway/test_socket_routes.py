"""The WebSocket with its tickets, driven by a client made of `wsproto`'s own connection."""

import asyncio
import json
from typing import Any

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage

from tests.gateway.conftest import Gateway, MakeGateway
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.turn import TurnStatus

HELLO = (TextDelta("Hel"), TextDelta("lo"), Stopped("end_turn"))


class Socket:
    """A client's end."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._events: list[Any] = []

    async def open(self, path: str, *protocols: str, **headers: str) -> Any:
        """Shake hands and return the event that answers."""
        host, _, port = self._gateway.url.removeprefix("http://").partition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))
        own_host = headers.pop("host", f"{host}:{port}")
        more = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = Request(host=own_host, target=path, subprotocols=list(protocols), extra_headers=more)
        self._writer.write(self._ws.send(request))
        self._gateway.stack.callback(self._writer.close)
        return await self.next()

    async def next(self) -> Any:
        while not self._events:
            self._ws.receive_data(await asyncio.wait_for(self._reader.read(65536), 10) or None)
            self._events += self._ws.events()
        return self._events.pop(0)

    def send(self, **message: object) -> None:
        self._writer.write(self._ws.send(TextMessage(data=json.dumps(message))))

    async def receive(self) -> dict[str, Any]:
        event = await self.next()
        assert isinstance(event, TextMessage), event
        return dict(json.loads(event.data))

    async def until(self, kind: str) -> list[dict[str, Any]]:
        found = [await self.receive()]
        while found[-1]["type"] != kind:
            found.append(await self.receive())
        return found

    def close(self) -> None:
        self._writer.write(self._ws.send(CloseConnection(code=1000)))


async def opened(gateway: Gateway) -> Socket:
    ticket = (await gateway.http.post("/api/v1/tickets")).json()["ticket"]
    socket = Socket(gateway)
    answer = await socket.open("/api/v1/socket", "tui-chat", f"ticket.{ticket}")
    assert isinstance(answer, AcceptConnection) and answer.subprotocol == "tui-chat"
    return socket


async def test_a_message_is_answered_in_chunks(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    socket = await opened(gateway)
    for text in ("one", "two"):
        socket.send(sessionId="room", text=text)
        received = await socket.until("done")
        assert "".join(one["chunk"] for one in received if one["type"] == "chunk") == "Hello"
        assert received[-1]["status"] == "complete"
    (stored,) = await gateway.conversations()
    assert [turn.text for turn in stored.path] == ["one", "Hello", "two", "Hello"]


async def test_cancel_and_errors_keep_the_connection(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((TextDelta("half"), asyncio.Event()))
    socket = await opened(gateway)
    socket.send(sessionId="room", text="")
    assert (await socket.receive())["type"] == "error"
    socket.send(type="cancel", sessionId="nothing")
    assert (await socket.receive())["kind"] == "not_found"
    socket.send(sessionId="room", text="one")
    await socket.until("chunk")
    socket.send(type="cancel", sessionId="room")
    assert (await socket.until("done"))[-1]["status"] == "cancelled"


async def test_a_closed_connection_ends_nothing_and_another_follows(make_gateway: MakeGateway) -> None:
    go_on = asyncio.Event()
    gateway = await make_gateway((TextDelta("one "), go_on, TextDelta("two"), Stopped("end_turn")))
    first = await opened(gateway)
    first.send(sessionId="room", text="hi")
    await first.until("chunk")
    first.close()
    second = await opened(gateway)
    second.send(type="follow", sessionId="room")
    assert (await second.until("chunk"))[-1]["chunk"] == "one "
    go_on.set()
    await second.until("done")
    (stored,) = await gateway.conversations()
    assert (stored.turns[-1].text, stored.turns[-1].status) == ("one two", TurnStatus.COMPLETE)


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}, {"host": "evil.example"}], ids=str)
async def test_without_a_ticket_or_from_elsewhere_the_handshake_is_refused(
    headers: dict[str, str], make_gateway: MakeGateway
) -> None:
    gateway = await make_gateway(HELLO)
    ticket = (await gateway.http.post("/api/v1/tickets")).json()["ticket"] if headers else "wrong"
    answer = await Socket(gateway).open(f"/api/v1/socket?ticket={ticket}", **headers)
    assert isinstance(answer, RejectConnection) and answer.status_code == 403
