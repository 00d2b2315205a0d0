"""`sync init`, `join` and `leave`: what they store, and in which order. Knows no connection."""

from contextlib import aclosing
from typing import TYPE_CHECKING

from tui_chat import paths
from tui_chat.cli.context import Context
from tui_chat.cli.sync_session import hub_of, load_sync, open_session, open_store, password, stored_key, sync_files
from tui_chat.core.error import ChatError, FormatError, SyncError
from tui_chat.storage.private_files import DATABASE

if TYPE_CHECKING:
    from pathlib import Path

    from tui_chat.sync.seal import SpaceKey


async def set_up(ctx: Context, url: str, *, allow_second: bool) -> None:
    """Install the hub where needed, make a space and its key, and exchange."""
    from tui_chat.cli.output import print_text
    from tui_chat.sync.hub import install, without_password
    from tui_chat.sync.seal import SpaceKey

    await _refuse_second_setup(ctx)
    url, given = without_password(url)
    secret = given or password(ctx)
    key = stored_key(ctx) if ctx.settings.sync.key_cmd else SpaceKey.new()
    await install(url, secret)
    async with aclosing(hub_of(ctx, key, url, secret)) as hub:
        spaces = await hub.spaces()
        if any(spaces.values()) and not allow_second:
            raise SyncError(detail="has_space")
        paths.make_private(ctx.settings.data_dir)
        if not ctx.settings.sync.key_cmd:
            sync_files(ctx).write(sync_files(ctx).key, f"{key.text}\n")
        if key.space not in spaces:
            await hub.create_space()
    await _start(ctx, url, given, key)
    print_text("On another machine: tui-chat sync join URL --key FILE, with what `tui-chat sync key` prints here.")


async def upgrade_hub(ctx: Context, url: str) -> None:
    """Bring the hub to the version of this program."""
    from tui_chat.cli.output import print_text
    from tui_chat.sync.hub import upgrade, without_password

    if not (url := url or ctx.settings.sync.url):
        raise SyncError(detail="off")
    url, given = without_password(url)
    done = await upgrade(url, given or password(ctx))
    if done.before == done.after:
        print_text(f"The hub already has version {done.after}, the newest that this program knows.")
    else:
        print_text(f"The hub now has version {done.after}; it had {done.before}.")


async def join(ctx: Context, url: str, key_text: str, backup: "Path | None") -> None:
    """Check the key with the hub, then start to sync with its space."""
    from tui_chat.sync.hub import without_password
    from tui_chat.sync.seal import SpaceKey

    await _refuse_second_setup(ctx)
    key = SpaceKey.parse(key_text)
    url, given = without_password(url)
    async with aclosing(hub_of(ctx, key, url, given)) as hub:
        await hub.buckets()  # the hub compares the key
    paths.make_private(ctx.settings.data_dir)
    if backup is not None:
        _place_backup(ctx, backup)
    if not ctx.settings.sync.key_cmd:
        sync_files(ctx).write(sync_files(ctx).key, f"{key.text}\n")
    await _start(ctx, url, given, key)


async def leave(ctx: Context) -> None:
    """Stop syncing; inform the hub if it can be reached."""
    from tui_chat.cli.output import print_notice, print_text
    from tui_chat.core.sync_status import DEVICES_STATE, SYNC_STATE
    from tui_chat.wiring import save_setting

    async with open_store(ctx) as store:
        state = await store.replica.state()
        if state is None:
            raise SyncError(detail="off")
        try:
            load_sync()
            async with aclosing(hub_of(ctx, stored_key(ctx))) as hub:
                await hub.forget(state.device)
        except ChatError as error:
            print_notice(f"the hub still lists this machine: {error.message or error.detail}")
        await store.replica.leave()
        for name in (SYNC_STATE, DEVICES_STATE):
            await store.set_state(name, None)
    sync_files(ctx).remove()
    if ctx.settings.origin("sync.url").kind == "file":
        save_setting(ctx.settings.file, "sync.url", "")
    print_text("This machine no longer syncs. Its conversations stay, here and on the hub.")


async def _start(ctx: Context, url: str, given_password: str | None, key: "SpaceKey") -> None:
    """Store where the hub is, put everything into the outbox, and exchange once."""
    from tui_chat.cli.output import print_notice
    from tui_chat.cli.sync_report import print_exchange
    from tui_chat.sync.identity import new_device
    from tui_chat.wiring import save_setting

    files = sync_files(ctx)
    if given_password is not None:
        files.write(files.password, given_password)
        print_notice(f"the password is kept in {files.password}")
    async with open_store(ctx) as store:
        state = await store.replica.state()
        if state is None or state.space != str(key.space):
            await store.replica.start(str(key.space), new_device())
    save_setting(ctx.settings.file, "sync.url", url)
    settings = ctx.settings._replace(sync=ctx.settings.sync._replace(url=url))
    async with open_session(Context(settings, ctx.demo)) as session:
        await print_exchange(session, await session.exchange())


async def _refuse_second_setup(ctx: Context) -> None:
    if not (ctx.settings.data_dir / DATABASE).exists():
        return
    async with open_store(ctx) as store:
        if await store.replica.state() is not None:
            raise SyncError(detail="on")


def _place_backup(ctx: Context, backup: "Path") -> None:
    """Make a copy of another machine's database this one's, unless there is one already."""
    import shutil

    from tui_chat.storage.private_files import new_file

    try:
        with new_file(ctx.settings.data_dir / DATABASE) as new:
            shutil.copyfile(backup, new)
    except FileExistsError:
        raise SyncError(f"{ctx.settings.data_dir / DATABASE}", detail="has_database") from None
    except OSError as error:
        raise FormatError(f"{backup}: {error.strerror or error}", detail="unreadable") from None
