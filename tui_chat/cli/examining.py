"""`doctor`: what is found and what is not, each with its remedy."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from tui_chat.cli.context import Context
from tui_chat.cli.exit_codes import DONE, OUR_FAULT
from tui_chat.cli.log import log_path
from tui_chat.cli.opening_notices import opening_notices
from tui_chat.cli.store_access import print_json, print_out, width
from tui_chat.core.clean import clean_line
from tui_chat.core.error import ChatError
from tui_chat.rendering.cell_width import wrap
from tui_chat.settings.api_keys import KeyRing
from tui_chat.storage.maintenance import CheckReport
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import SQLITE_VERSION, Store
from tui_chat.wiring import Program, assemble
from tui_chat.wording import explain

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_CLIPBOARDS = ("wl-copy", "xclip", "xsel", "pbcopy", "clip.exe")


class State(StrEnum):
    """How a thing is."""

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


def doctor(ctx: Context, *, as_json: bool, repair: bool, offline: bool) -> int:
    """Look at everything, print it; 1 when something is bad."""
    found = asyncio.run(_all(ctx, repair=repair, offline=offline))
    if as_json:
        print_json(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=2))
    else:
        print_out("\n".join(_lines(found)))
    return OUR_FAULT if any(finding.state is State.BAD for finding in found) else DONE


def _lines(found: list[Finding]) -> Iterator[str]:
    name_cells = max(len(finding.about) for finding in found)
    room = max(20, width() - name_cells - 4) if sys.stdout.isatty() else 10_000
    for finding in found:
        says = _rows(finding.says, room) + (_rows(f"→ {finding.remedy}", room) if finding.remedy else [])
        yield f"{_SIGNS[finding.state]} {finding.about:<{name_cells}}  {says[0]}"
        yield from (f"  {'':<{name_cells}}  {row}" for row in says[1:])


def _rows(text: str, cells: int) -> list[str]:
    line = clean_line(text)
    return [line[start:end] for start, end in wrap(line, cells)]


async def _all(ctx: Context, *, repair: bool, offline: bool) -> list[Finding]:
    found = [*_settings(ctx)]
    found += [finding async for finding in _database(ctx, repair=repair)]
    found += [finding async for finding in _providers(ctx, offline=offline)]
    return [*found, *_network(), *_terminal()]


def _settings(ctx: Context) -> Iterator[Finding]:
    settings = ctx.settings
    there = "" if settings.file.exists() else " (not there: defaults hold)"
    yield Finding("settings", State.GOOD, f"{settings.file}{there}", "" if not there else "`tui-chat config init`")
    for problem in settings.problems:
        yield Finding("settings", State.BAD, str(problem), "`tui-chat config edit`")
    try:
        model, why = KeyRing(settings).model()
    except ChatError as error:
        yield Finding("model", State.BAD, error.message)
        return
    yield Finding("model", State.GOOD, f"{model} ({why})")
    yield Finding("log", State.GOOD, str(log_path()))


async def _database(ctx: Context, *, repair: bool) -> AsyncIterator[Finding]:
    path = ctx.settings.data_dir / DATABASE
    try:
        store = await Store.open(path)
    except ChatError as error:
        words = explain(error)
        yield Finding("database", State.BAD, f"{path}: {error.message or words.sentence}", words.next_step)
        return
    try:
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
            mended = await store.repair()
            for fault in _faults(mended.found):
                yield Finding("database", State.NOTE, f"mended: {fault}")
            if mended.backup is not None:
                yield Finding("database", State.NOTE, f"as it was before, it is kept as {mended.backup}")
        faults = _faults(await store.check())
        for fault in faults:
            yield Finding("database", State.BAD, fault, "`tui-chat doctor --repair`")
        if not faults:
            yield Finding("database", State.GOOD, "whole: integrity, tree, sums and search index agree")
    finally:
        await store.aclose()


def _faults(checkup: CheckReport) -> list[str]:
    counted = {
        "turns whose parent is lost": checkup.lost_parents,
        "conversations whose branch is lost": checkup.lost_heads,
        "pieces of replies that have ended": checkup.lost_checkpoints,
        "turns that stream for nobody": checkup.wrong_owners,
        "conversations with wrong sums in the list": checkup.wrong_sums,
        "figures or dates out of bounds, which count as unknown": checkup.bad_figures,
        "turns that search does not know": checkup.unindexed,
        "turns that only search knows": checkup.overindexed,
    }
    return [*checkup.damage, *checkup.unreadable, *(f"{count:,} {what}" for what, count in counted.items() if count)]


async def _providers(ctx: Context, *, offline: bool) -> AsyncIterator[Finding]:
    program = await assemble(ctx.settings, saving=False)
    try:
        ready = [status for status in program.registry.statuses() if status.is_configured]
        for status in ready:
            source = f"key from {status.key_source}" if status.key_source else "no key needed"
            if offline or status.kind == "demo":
                yield Finding(status.name, State.GOOD, source)
                continue
            yield await _reached(program, status.name, source)
        if all(status.kind == "demo" for status in ready):
            remedy = "set ANTHROPIC_API_KEY or OPENAI_API_KEY, or name a server in the settings"
            yield Finding("providers", State.NOTE, "only the demo model is set up", remedy)
        for server in () if offline else await program.registry.find_local():
            first = server.models[0].ref
            yield Finding(server.name, State.NOTE, f"runs on this machine with {first}", f"tui-chat -m {first}")
    finally:
        await program.aclose()


async def _reached(program: Program, name: str, source: str) -> Finding:
    answer = await program.registry.check(name)
    if answer.error is None:
        return Finding(name, State.GOOD, f"{source}; {answer.models} models in {answer.latency_ms} ms")
    words = explain(answer.error)
    said = f" ({answer.error.message})" if answer.error.message else ""
    return Finding(name, State.BAD, f"{source}; {words.sentence}{said}", words.next_step)


def _network() -> Iterator[Finding]:
    for name in _PROXIES:
        if value := os.environ.get(name) or os.environ.get(name.lower()):
            yield Finding("proxy", State.NOTE, f"{name}={_without_password(value)}")
    for name in _AUTHORITIES:
        if value := os.environ.get(name):
            there = os.path.exists(value)  # noqa: PTH110 — any kind of file will do
            state = State.GOOD if there else State.BAD
            yield Finding("TLS", state, f"{name}={value}", "" if there else f"correct or unset {name}")


def _without_password(address: str) -> str:
    host = urlsplit(address).netloc.rpartition("@")
    return address.replace(f"{host[0]}@", "…@") if host[0] else address


def _terminal() -> Iterator[Finding]:
    names = [f"{name}={os.environ[name]}" for name in ("TERM", "COLORTERM", "TERM_PROGRAM") if name in os.environ]
    size = shutil.get_terminal_size()
    inside = "tmux" if "TMUX" in os.environ else "screen" if "STY" in os.environ else ""
    as_dict = [*names, f"{size.columns}x{size.lines}", sys.stdout.encoding or "?", inside]
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    remedy = "" if unicode else "use a UTF-8 locale, such as LANG=C.UTF-8"
    yield Finding("terminal", State.GOOD if unicode else State.BAD, ", ".join(filter(None, as_dict)), remedy)
    if "TERM" not in os.environ or os.environ["TERM"] == "dumb":
        yield Finding("terminal", State.BAD, "the app needs a terminal that can move its cursor", "`tui-chat ask`")
    tool = next((name for name in _CLIPBOARDS if shutil.which(name)), None)
    over = "OSC 52, which the terminal may or may not honour"
    yield Finding("clipboard", State.GOOD if tool else State.NOTE, f"{tool}, then {over}" if tool else f"only {over}")
