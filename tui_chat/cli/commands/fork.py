"""`fork`: start a new conversation with the messages of another one."""

from contextlib import aclosing
from typing import Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import IdArgument, with_context

TurnFlag = Annotated[
    str | None, typer.Option("--turn", metavar="ID", help="Fork at this message instead of the last one.")
]


@with_context
def run(conversation: IdArgument, turn: TurnFlag = None, *, ctx: Context) -> None:
    """Start a new conversation with the messages of another one.

    Prints the id of the new conversation.
    """
    import asyncio

    from tui_chat.cli.output import print_text
    from tui_chat.core.conversation import Conversation
    from tui_chat.wiring import assemble

    async def fork() -> Conversation:
        async with aclosing(await assemble(ctx.settings, demo=ctx.demo)) as program:
            source = await program.store.conversation(await program.store.resolve(conversation))
            last = next((one.id for one in source.turns if turn and one.id.startswith(turn)), turn) or source.head
            return await program.service.fork(source.id, str(last))

    print_text(asyncio.run(fork()).id)
