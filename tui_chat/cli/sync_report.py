"""The output of the sync commands. Knows no connection."""

from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui_chat.cli.context import Context
from tui_chat.cli.output import print_json, print_text
from tui_chat.core.clean import clean_line
from tui_chat.core.error import SyncError
from tui_chat.core.sync_status import DEVICES_STATE, SYNC_STATE, SyncStatus, sync_texts
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store

if TYPE_CHECKING:
    from tui_chat.storage.sync_state import ReplicaState
    from tui_chat.sync.exchange import Outcome
    from tui_chat.sync.session import SyncSession


async def print_exchange(session: "SyncSession", outcome: "Outcome") -> None:
    """Print what an exchange did, and how far this machine has synced."""
    state = await session.replica()
    done = f"Synced: {outcome.sent:,} records sent, {outcome.received:,} received"
    rescued = [f"{outcome.rescued:,} kept although deleted elsewhere"] if outcome.rescued else []
    left = [f"{state.to_send:,} to send"] if state.to_send else []
    print_text(", ".join([done, *rescued, *left, *_odd(state)]) + ".")


async def print_status(ctx: Context, *, as_json: bool) -> None:
    """Print how far this machine has synced; makes no connection."""
    from tui_chat.sync.process import is_running

    database = ctx.settings.data_dir / DATABASE
    if not database.exists():
        raise SyncError(detail="off")
    async with aclosing(await Store.open(database)) as store:
        state = await store.replica.state()
        status = SyncStatus.from_state(await store.state(SYNC_STATE))
        machines = await store.state(DEVICES_STATE) or {}
    if state is None:
        raise SyncError(detail="off")
    running = is_running(database)
    if as_json:
        print_json(_as_json(ctx, state, status, machines, running))
    else:
        print_text("\n".join(_lines(ctx, state, status, machines, running)))


def _as_json(
    ctx: Context, state: "ReplicaState", status: SyncStatus, machines: dict[str, Any], running: bool
) -> dict[str, Any]:
    return {
        "hub": _hub(ctx),
        "space": state.space,
        "device": state.device.hex(),
        "to_send": state.to_send,
        "waiting": state.waiting,
        "unread": state.unread,
        "is_running": running,
        **status.as_state,
        "machines": [{"device": device, **about} for device, about in machines.items()],
    }


def _lines(
    ctx: Context, state: "ReplicaState", status: SyncStatus, machines: dict[str, Any], running: bool
) -> list[str]:
    from tui_chat.wording import explain

    now = datetime.now().astimezone()
    rows = [
        ("state", ", ".join((sync_texts(status, state.to_send, now, is_running=running)[0], *_odd(state)))),
        ("hub", _hub(ctx)),
        (
            "process",
            "runs"
            if running
            else "does not run; the app starts it"
            if ctx.settings.sync.when == "app"
            else "does not run: sync.when is manual",
        ),
        ("last contact", _local(status.contact_at, now)),
    ]
    lines = [f"{name:<13} {value}" for name, value in rows]
    if status.problem:
        words = explain(SyncError(detail=status.problem))
        lines.append(f"{'problem':<13} {words.sentence} {words.next_step}")
    for device, about in sorted(machines.items(), key=lambda item: str(item[1].get("name"))):
        own = ", this machine" if device == state.device.hex() else ""
        seen = _local(SyncStatus.from_state({"contact_at": about.get("seen_at")}).contact_at, now)
        lines.append(f"{'machine':<13} {clean_line(str(about.get('name')))} ({seen}{own})")
    return lines


def _odd(state: "ReplicaState") -> list[str]:
    odd = []
    if state.waiting:
        odd.append(f"{state.waiting:,} received, waiting for others")
    if state.unread:
        odd.append(f"{state.unread:,} received but unreadable: written by a newer tui-chat, or altered")
    return odd


def _hub(ctx: Context) -> str:
    from tui_chat.settings.settings_text import address_without_secrets

    return address_without_secrets(ctx.settings.sync.url)


def _local(moment: datetime | None, now: datetime) -> str:
    return "never" if moment is None else f"{moment.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"


async def print_verification(ctx: Context) -> None:
    """Compare all records with the hub's, exchange those that differ, and print the result."""
    from tui_chat.cli.sync_session import open_session
    from tui_chat.sync.verify import compare, mend

    async with open_session(ctx) as session:
        await session.exchange()
        replica = session.store.replica
        found = await compare(replica, session.hub, session.key)
        if found.is_equal:
            print_text(f"All equal: {found.compared:,} records compared.")
            return
        print_text(f"{len(found.here_only):,} records were missing on the hub, {found.hub_only:,} here.")
        await mend(replica, found)
        await session.exchange()
        left = await compare(replica, session.hub, session.key)
    if not left.is_equal:
        raise SyncError(f"{len(left.here_only) + left.hub_only:,} records still differ", detail="unequal")
    print_text(f"All equal now: {left.compared:,} records compared.")
