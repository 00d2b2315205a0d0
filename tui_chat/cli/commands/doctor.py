"""`doctor`: check settings, keys, providers, database and terminal, and name a remedy for each problem."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import JsonFlag, with_context
from tui_chat.cli.output import print_json, print_text, width
from tui_chat.core.error import ChatError

if TYPE_CHECKING:
    from pathlib import Path

    from tui_chat.storage.maintenance import CheckReport
    from tui_chat.storage.store import Store
    from tui_chat.wiring import Program

RepairFlag = Annotated[bool, typer.Option("--repair", help="Repair the database, after a backup.")]
OfflineFlag = Annotated[bool, typer.Option("--offline", help="Do not contact providers.")]
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class State(StrEnum):
    GOOD = "ok"
    NOTE = "note"
    BAD = "bad"


_SIGNS = {State.GOOD: "✓", State.NOTE: "·", State.BAD: "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    about: str
    state: State
    says: str
    remedy: str = ""


@with_context
def run(as_json: JsonFlag = False, repair: RepairFlag = False, offline: OfflineFlag = False, *, ctx: Context) -> None:
    """Check settings, keys, providers, database and terminal.

    Prints a remedy for each problem; the exit code is 1 if there is a serious one.
    """
    import asyncio

    from tui_chat.cli.exit_codes import DONE, OUR_FAULT

    findings = asyncio.run(_check_all(ctx, repair=repair, offline=offline))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_text("\n".join(_lines(findings)))
    raise typer.Exit(OUR_FAULT if any(finding.state is State.BAD for finding in findings) else DONE)


def _lines(findings: list[Finding]) -> Iterator[str]:
    name_cells = max(len(finding.about) for finding in findings)
    room = max(20, width() - name_cells - 4) if sys.stdout.isatty() else 10_000
    for finding in findings:
        rows = _rows(finding.says, room) + (_rows(f"→ {finding.remedy}", room) if finding.remedy else [])
        yield f"{_SIGNS[finding.state]} {finding.about:<{name_cells}}  {rows[0]}"
        yield from (f"  {'':<{name_cells}}  {row}" for row in rows[1:])


def _rows(text: str, cells: int) -> list[str]:
    from tui_chat.core.clean import clean_line
    from tui_chat.rendering.cell_width import wrap

    line = clean_line(text)
    return [line[start:end] for start, end in wrap(line, cells)]


async def _check_all(ctx: Context, *, repair: bool, offline: bool) -> list[Finding]:
    findings = [*_settings(ctx)]
    findings += [finding async for finding in _database(ctx, repair=repair)]
    findings += [finding async for finding in _providers(ctx, offline=offline)]
    return [*findings, *_plugins(), *_network(), *_terminal()]


def _settings(ctx: Context) -> Iterator[Finding]:
    from tui_chat.cli.log import log_path
    from tui_chat.cli.unusable_settings import unusable_settings
    from tui_chat.settings.api_keys import KeyRing

    settings = ctx.settings
    is_there = settings.file.exists()
    text = str(settings.file) if is_there else f"{settings.file} (does not exist: defaults apply)"
    yield Finding("settings", State.GOOD, text, "" if is_there else "`tui-chat config init`")
    for problem in (*map(str, settings.problems), *unusable_settings(settings)):
        yield Finding("settings", State.BAD, problem, "`tui-chat config edit`")
    try:
        model, why = KeyRing(settings).model()
    except ChatError as error:
        yield Finding("model", State.BAD, error.message)
        return
    yield Finding("model", State.GOOD, f"{model} ({why})")
    yield Finding("log", State.GOOD, str(log_path()))


async def _database(ctx: Context, *, repair: bool) -> AsyncIterator[Finding]:
    from tui_chat.cli.store_access import opening_notices
    from tui_chat.storage.private_files import DATABASE
    from tui_chat.storage.store import SQLITE_VERSION, Store
    from tui_chat.wording import explain

    path = ctx.settings.data_dir / DATABASE
    try:
        store = await Store.open(path)
    except ChatError as error:
        words = explain(error)
        yield Finding("database", State.BAD, f"{path}: {error.message or words.sentence}", words.next_step)
        return
    async with aclosing(store):
        size_mb = path.stat().st_size / 1e6
        count = await store.count()
        sqlite = f"SQLite {SQLITE_VERSION}"
        yield Finding(
            "database",
            State.GOOD,
            f"{path}, {count:,} conversation{'' if count == 1 else 's'}, {size_mb:,.1f} MB, {sqlite}",
        )
        for sentence in opening_notices(store.opening):
            yield Finding("database", State.NOTE, sentence)
        if repair:
            repaired = await store.repair()
            for fault in _faults(repaired.found):
                yield Finding("database", State.NOTE, f"repaired: {fault}")
            if repaired.backup is not None:
                yield Finding("database", State.NOTE, f"the database before the repair is kept as {repaired.backup}")
        faults = _faults(await store.check())
        for fault in faults:
            yield Finding("database", State.BAD, fault, "`tui-chat doctor --repair`")
        if not faults:
            yield Finding("database", State.GOOD, "no damage: integrity, tree, sums and search index agree")
        if (sync := await _sync(store, path)) is not None:
            yield sync


async def _sync(store: "Store", database: "Path") -> Finding | None:
    """Return the state of sync; `None` if this machine does not sync."""
    from tui_chat.core.sync_status import SYNC_STATE, SyncStatus, sync_texts
    from tui_chat.sync.process import is_running

    if (state := await store.replica.state()) is None:
        return None
    status = SyncStatus.from_state(await store.state(SYNC_STATE))
    now = datetime.now().astimezone()
    text = sync_texts(status, state.to_send, now, is_running=is_running(database))[0]
    if status.problem:
        return Finding("sync", State.NOTE, text, "`tui-chat sync status`")
    return Finding("sync", State.GOOD, text)


def _faults(report: "CheckReport") -> list[str]:
    counts = {
        "turns whose parent is missing": report.lost_parents,
        "conversations whose branch is missing": report.lost_heads,
        "conversations of which only the turns are left": report.lost_conversations,
        "conversations with a number out of bounds": report.bad_numbers,
        "checkpoints of replies that have ended": report.lost_checkpoints,
        "streaming turns without a running program": report.wrong_owners,
        "conversations with wrong sums in the list": report.wrong_sums,
        "figures or dates out of bounds, which count as unknown": report.bad_figures,
        "turns missing from the search index": report.unindexed,
        "turns that are only in the search index": report.overindexed,
        "attached files whose bytes have changed": report.damaged_files,
        "uses of attached files that are recorded wrongly": report.wrong_file_uses,
    }
    return [*report.damage, *report.unreadable, *(f"{count:,} {what}" for what, count in counts.items() if count)]


async def _providers(ctx: Context, *, offline: bool) -> AsyncIterator[Finding]:
    from tui_chat.wiring import assemble

    async with aclosing(await assemble(ctx.settings, saving=False)) as program:
        ready = [status for status in program.registry.statuses() if status.is_configured]
        for status in ready:
            source = f"key from {status.key_source}" if status.key_source else "no key needed"
            if offline or status.kind == "demo":
                yield Finding(status.name, State.GOOD, source)
                continue
            yield await _check_provider(program, status.name, source)
        if all(status.kind == "demo" for status in ready):
            remedy = "set ANTHROPIC_API_KEY or OPENAI_API_KEY, or name a server in the settings"
            yield Finding("providers", State.NOTE, "only the demo model is configured", remedy)
        for server in () if offline else await program.registry.find_local():
            first = server.models[0].ref
            yield Finding(server.name, State.NOTE, f"runs on this machine with {first}", f"tui-chat -m {first}")


def _plugins() -> Iterator[Finding]:
    """Yield each plug-in, and why one cannot be used."""
    from tui_chat.core.error import SettingsError
    from tui_chat.plugins import GROUPS, plugins

    for plugin in (plugin for group in GROUPS for plugin in plugins(group).values()):
        try:
            plugin.check()
        except SettingsError as error:
            yield Finding("plug-in", State.BAD, error.message, f"update or uninstall {plugin.package}")
        else:
            yield Finding("plug-in", State.GOOD, plugin.description)


async def _check_provider(program: "Program", name: str, source: str) -> Finding:
    from tui_chat.wording import explain

    answer = await program.registry.check(name)
    if answer.error is None:
        return Finding(name, State.GOOD, f"{source}; {answer.models} models in {answer.latency_ms} ms")
    words = explain(answer.error)
    detail = f" ({answer.error.message})" if answer.error.message else ""
    return Finding(name, State.BAD, f"{source}; {words.sentence}{detail}", words.next_step)


def _network() -> Iterator[Finding]:
    for name in _PROXIES:
        if value := os.environ.get(name) or os.environ.get(name.lower()):
            yield Finding("proxy", State.NOTE, f"{name}={_without_password(value)}")
    for name in _AUTHORITIES:
        if value := os.environ.get(name):
            is_there = os.path.exists(value)  # noqa: PTH110 — any kind of file will do
            state = State.GOOD if is_there else State.BAD
            yield Finding("TLS", state, f"{name}={value}", "" if is_there else f"correct or unset {name}")


def _without_password(address: str) -> str:
    from urllib.parse import urlsplit

    host = urlsplit(address).netloc.rpartition("@")
    return address.replace(f"{host[0]}@", "…@") if host[0] else address


def _terminal() -> Iterator[Finding]:
    import shutil

    from tui_chat.ui.terminal.clipboard_copy import installed_tool

    names = [f"{name}={os.environ[name]}" for name in ("TERM", "COLORTERM", "TERM_PROGRAM") if name in os.environ]
    size = shutil.get_terminal_size()
    inside = "tmux" if "TMUX" in os.environ else "screen" if "STY" in os.environ else ""
    facts = [*names, f"{size.columns}x{size.lines}", sys.stdout.encoding or "?", inside]
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    remedy = "" if unicode else "use a UTF-8 locale, such as LANG=C.UTF-8"
    yield Finding("terminal", State.GOOD if unicode else State.BAD, ", ".join(filter(None, facts)), remedy)
    if "TERM" not in os.environ or os.environ["TERM"] == "dumb":
        yield Finding("terminal", State.BAD, "the app needs a terminal that can move its cursor", "`tui-chat ask`")
    tool = installed_tool()
    sequence = "OSC 52, which not every terminal supports"
    text = f"{tool}, then {sequence}" if tool else f"only {sequence}"
    yield Finding("clipboard", State.GOOD if tool else State.NOTE, text)
