"""`show`: print a conversation, without a key, a network or a screen."""

import sys
from typing import Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import BranchFlag, IdArgument, JsonFlag, choice_or_error, with_context

PlainFlag = Annotated[bool, typer.Option("--plain", help="Plain text without colours.")]


@with_context
def run(
    conversation: IdArgument,
    as_json: JsonFlag = False,
    plain: PlainFlag = False,
    branch: BranchFlag = "current",
    *,
    ctx: Context,
) -> None:
    """Print a conversation.

    Prints the current branch; the whole tree with --branch all or --json.
    """
    from tui_chat.cli.output import print_json_text, print_text
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.conversation import Conversation
    from tui_chat.formats.transcript import Branch
    from tui_chat.storage.store import Store

    async def load(store: Store) -> Conversation:
        return await store.conversation(await store.resolve(conversation))

    which = Branch(choice_or_error(branch, [str(one) for one in Branch], "branch"))
    loaded = with_store(ctx, load)
    if as_json:
        from tui_chat.formats.native import dumps

        print_json_text(dumps(loaded))
    elif plain or not sys.stdout.isatty():
        from tui_chat.core.clean import clean
        from tui_chat.formats.plain_text import to_plain

        text = to_plain(loaded, which)
        print_text(clean(text) if sys.stdout.isatty() else text)
    else:
        from tui_chat.cli.transcript import print_transcript

        print_transcript(loaded, which, ctx.settings.ui.measure)
