"""Single-use tickets for clients that cannot set headers: EventSource and WebSocket in a browser."""

import secrets
import time
from collections.abc import Callable

from tui_chat.gateway.tokens import Client

LIFETIME_S = 30.0
_MOST = 1000


class Tickets:
    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._tickets: dict[str, tuple[Client, float]] = {}

    def issue(self, client: Client) -> str:
        now_s = self._clock_s()
        self._tickets = {key: entry for key, entry in self._tickets.items() if entry[1] > now_s}
        while len(self._tickets) >= _MOST:
            del self._tickets[next(iter(self._tickets))]
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = (client, now_s + LIFETIME_S)
        return ticket

    def redeem(self, ticket: str) -> Client | None:
        """Return whose ticket it is, once."""
        client, expires_s = self._tickets.pop(ticket, (None, 0.0))
        return client if expires_s > self._clock_s() else None
