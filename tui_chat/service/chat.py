"""Send, edit, retry, continue and fork in conversations. Knows no screen, no provider's name and no SQL.

Send, edit, retry and continue all end in one private method that builds a request from the path to a turn. Nothing is
ever overwritten: each adds new turns, and only the head moves.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from weakref import WeakValueDictionary

from tui_chat.core.budget import Spending
from tui_chat.core.clean import valid_text
from tui_chat.core.compaction import (
    counted_turns,
    has_summarized,
    is_summary,
    is_summary_mark,
    is_summary_requested,
    sent_turns,
    summarized_turn,
    summary_prompt,
)
from tui_chat.core.conversation import Conversation, Options, Origin, TitleSource
from tui_chat.core.error import NotFound, ReplyInFlight, RequestRefused, StorageError
from tui_chat.core.estimated_tokens import context_tokens
from tui_chat.core.event import Delta
from tui_chat.core.part import AttachmentPart, Part, RoundPart, TextPart, ToolResultPart
from tui_chat.core.provider import CONTINUE_PROMPT, Request, split_ref
from tui_chat.core.rounds import expand_rounds, rounds_of, without_figures
from tui_chat.core.title import telling_title
from tui_chat.core.tool import definition_tokens
from tui_chat.core.turn import EDITED, Role, Turn, TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.service.attachment_bytes import measured_files, with_bytes
from tui_chat.service.auto_title import AutoTitle
from tui_chat.service.budget_gate import BudgetGate
from tui_chat.service.dependencies import Dependencies
from tui_chat.service.fit_attachments import AttachmentFitter, limits_of, refuse_lost
from tui_chat.service.permissions import Permissions
from tui_chat.service.reply import Reply
from tui_chat.service.save_queue import SaveQueue
from tui_chat.service.tool_lists import ToolLists
from tui_chat.storage.store import Store


class ChatService:
    def __init__(
        self, store: Store, dependencies: Dependencies, *, unsaved_reason: StorageError | None = None
    ) -> None:
        """`unsaved_reason` is why the store keeps nothing after this run of the program."""
        self.save_queue = SaveQueue(store, unsaved_reason)
        self.gate = BudgetGate(dependencies.budget, store)
        self.auto_title = AutoTitle(
            dependencies, self.save_queue, lambda conversation: self.gate.has_room(conversation)
        )
        self.permissions = Permissions(store, dependencies.tool_rules)
        self.tool_lists = ToolLists(store, dependencies.toolbox)
        self._dependencies = dependencies
        self._fitter = AttachmentFitter(dependencies.shrink)
        self._replies: tuple[Reply, ...] = ()
        """Those in flight, and the last ones that ended."""
        self._watchers: list[Callable[[Reply], object]] = []
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def new_conversation(self, model: str, *, system: str = "", options: Options | None = None) -> Conversation:
        """Return a new conversation; it is stored with its first prompt, so no stored conversation is empty."""
        now = self._dependencies.now()
        return Conversation(
            self._dependencies.new_id(),
            now,
            now,
            model=model,
            system=valid_text(system),
            options=options or Options(),
        )

    def reply_in(self, conversation_id: str) -> Reply | None:
        """Return the reply in flight in that conversation; of two that are compared, the first."""
        return next(iter(self.replies_in(conversation_id)), None)

    def replies_in(self, conversation_id: str) -> tuple[Reply, ...]:
        """Return all replies in flight in that conversation: several only while they are compared."""
        return tuple(reply for reply in self.replies if reply.conversation_id == conversation_id)

    @property
    def replies(self) -> tuple[Reply, ...]:
        return tuple(reply for reply in self._replies if reply.ended is None)

    def watch(self, callback: Callable[[Reply], object]) -> Callable[[], None]:
        """Call `callback` with every reply that starts; return a function that ends this."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    async def cancel(self, conversation_id: str) -> bool:
        """Stop the replies in that conversation, also those of another process; return whether there are any.

        Another process stops its reply when it next saves it.
        """
        if replies := self.replies_in(conversation_id):
            for reply in replies:
                reply.cancel()
            return True
        live = [turn for turn in (await self.open(conversation_id)).turns if turn.is_live]
        for turn in live:
            await self.save_queue.store.request_stop(turn.id)
        return bool(live)

    async def open(self, conversation_id: str) -> Conversation:
        """Return the conversation, with the current state of a reply in flight."""
        conversation = await self.save_queue.conversation(conversation_id)
        for reply in self.replies_in(conversation_id):
            conversation = conversation.with_turn(reply.turn, head=False)
        return conversation

    async def send(
        self, conversation: Conversation, text: str, attachments: tuple[AttachmentPart, ...] = ()
    ) -> Reply:
        """Send a prompt at the end of the current branch."""
        async with self._conversation_lock(conversation.id):
            conversation, new = await self._latest(conversation)
            parts: tuple[Part, ...] = (TextPart(valid_text(text)), *await measured_files(attachments))
            return await self._send_prompt(conversation, conversation.head, parts, new=new)

    async def edit(
        self,
        conversation_id: str,
        turn_id: str,
        text: str,
        *,
        model: str | None = None,
        attachments: tuple[AttachmentPart, ...] | None = None,
        with_tools: bool = True,
    ) -> Reply:
        """Send an edited prompt as a sibling branch, with these attachments; `None` keeps those it had."""
        async with self._conversation_lock(conversation_id):
            conversation = await self._opened(conversation_id, with_tools)
            edited = conversation.turn(turn_id)
            if edited.role is not Role.USER:
                raise RequestRefused("only a prompt can be edited", detail="not_a_prompt")
            if attachments is None:
                attachments = attachments_of(edited)
            conversation = replace(conversation, model=model or conversation.model)
            marks = filter(is_summary_mark, edited.parts)
            parts: tuple[Part, ...] = (*marks, TextPart(valid_text(text)), *await measured_files(attachments))
            return await self._send_prompt(conversation, edited.parent_id, parts)

    async def edit_reply(self, conversation_id: str, turn_id: str, text: str) -> Turn:
        """Store an edited reply as a sibling branch; nothing is sent."""
        async with self._conversation_lock(conversation_id):
            conversation = await self.open(conversation_id)
            reply = conversation.turn(turn_id)
            if reply.role is not Role.ASSISTANT or reply.is_live:
                raise RequestRefused("only a reply that has stopped can be edited", detail="not_a_reply")
            edited = self._edited_reply(reply, text)
            now = replace(conversation.with_turn(edited), updated_at=edited.created_at)
            await self.save_queue.begin(now, (edited,), new=False)
            return edited

    async def retry(
        self, conversation_id: str, turn_id: str, *, model: str | None = None, with_tools: bool = True
    ) -> Reply:
        """Regenerate a reply as a sibling branch."""
        async with self._conversation_lock(conversation_id):
            conversation = await self._opened(conversation_id, with_tools)
            turn = conversation.turn(turn_id)
            blank = self._blank_reply(_prompt_id(turn), model or conversation.model or turn.model)
            return await self._start_reply(conversation.with_turn(blank), (blank,), new=False)

    async def retry_with_each(self, conversation_id: str, turn_id: str, models: Sequence[str]) -> tuple[Reply, ...]:
        """Regenerate a reply with several models at once, each as a sibling branch."""
        async with self._conversation_lock(conversation_id):
            conversation = await self.open(conversation_id)
            prompt_id = _prompt_id(conversation.turn(turn_id))
            blanks = tuple(self._blank_reply(prompt_id, model) for model in models)
            for blank in blanks:
                conversation = conversation.with_turn(blank)
            return await self._start_replies(conversation, blanks, blanks, new=False)

    async def send_without_attachments(
        self, conversation_id: str, turn_id: str, *, model: str | None = None
    ) -> Reply:
        """Send a prompt again without its files, as a sibling branch; for one that the provider refused with them.

        Where the prompt itself has none, the branch is repeated without those of its earlier prompts.
        """
        async with self._conversation_lock(conversation_id):
            conversation = await self.open(conversation_id)
            turn = conversation.turn(turn_id)
            prompt_id = turn.parent_id if turn.role is Role.ASSISTANT else turn.id
            path = conversation.path_to(prompt_id)
            with_files = [at for at, turn in enumerate(path) if attachments_of(turn)]
            if not path or not with_files:
                raise RequestRefused("there are no files to leave out", detail="no_files")
            first = len(path) - 1 if attachments_of(path[-1]) else with_files[0]
            conversation = replace(conversation, model=model or conversation.model or turn.model)
            copies = self._copies([without_attachments(turn) for turn in path[first:]], path[first].parent_id)
            blank = self._blank_reply(copies[-1].id, conversation.model)
            for copy in (*copies, blank):
                conversation = conversation.with_turn(copy)
            return await self._start_reply(conversation, (*copies, blank), new=False)

    async def continue_(
        self, conversation_id: str, turn_id: str, *, text: str | None = None, with_tools: bool = True
    ) -> Reply:
        """Continue an unfinished reply: extend it where the model can, else send a prompt that requests the rest.

        With `text` a reply with this text instead is continued, as a sibling.
        """
        async with self._conversation_lock(conversation_id):
            conversation = await self._opened(conversation_id, with_tools)
            turn = conversation.turn(turn_id)
            if turn.role is not Role.ASSISTANT or turn.is_live:
                raise RequestRefused("only a reply that has stopped can be continued", detail="not_a_reply")
            edited: tuple[Turn, ...] = ()
            if text is not None:
                turn = self._edited_reply(turn, text)
                edited = (turn,)
            model = conversation.model or turn.model
            provider = await self._dependencies.provider_for(model)
            parts = _without_last_round(turn.parts)
            can_extend = bool(turn.text.strip()) and isinstance(parts[-1], TextPart)
            can_extend = can_extend and provider.can_continue(split_ref(model)[1])
            # What tools answered needs no prompt: the model continues from it.
            if rounds_of(turn) and parts and isinstance(parts[-1], ToolResultPart | AttachmentPart):
                can_extend = True
            # Nor does a reply of which nothing has arrived: there is nothing to continue from.
            if turn.parent_id is not None and (can_extend or not turn.parts):
                blank = replace(self._blank_reply(turn.parent_id, model), parts=without_figures(parts))
                return await self._start_reply(conversation.with_turn(blank), (blank,), new=False)
            return await self._send_prompt(conversation, turn.id, (TextPart(CONTINUE_PROMPT),), before=edited)

    async def compact(self, conversation: Conversation, instructions: str = "") -> Reply:
        """Have the model summarise the branch that is shown; the summary is the start of a new branch."""
        async with self._conversation_lock(conversation.id):
            conversation, _ = await self._latest(conversation)
            if not any(turn.role is Role.ASSISTANT for turn in conversation.path):
                raise RequestRefused("there is nothing to summarise", detail="nothing_to_compact")
            assert conversation.head is not None
            parts = summary_prompt(conversation.head, valid_text(instructions))
            return await self._send_prompt(conversation, None, parts)

    async def leave_out(self, conversation_id: str, turn_id: str, left_out: bool) -> Conversation:
        """Leave a turn out of the next requests, or send it again; return the conversation."""
        await self.save_queue.store.leave_out(conversation_id, (turn_id,), left_out)
        return await self.open(conversation_id)

    async def count(self, conversation: Conversation) -> int | None:
        """Return the input tokens of the current branch as its provider counts them; `None` where it cannot."""
        provider = await self._dependencies.provider_for(conversation.model)
        turns = sent_turns(conversation, conversation.head)
        request, _ = await self._fitting_request(conversation, conversation.model, turns)
        return await provider.count_tokens(request)

    async def tool_tokens(self, chosen: tuple[str, ...]) -> int:
        """Return roughly how many tokens the definitions of these tools take in every request."""
        toolbox = self._dependencies.toolbox
        tools = await toolbox.offered(chosen) if toolbox is not None and chosen else ()
        return definition_tokens(tools)

    async def show_branch(self, conversation_id: str, head: str) -> None:
        await self.save_queue.show_branch(conversation_id, head)

    async def fork(
        self, conversation_id: str, turn_id: str, *, source: str = "", foreign_id: str = ""
    ) -> Conversation:
        """Create a conversation from a copy of the path to that turn; it remembers its origin."""
        original = await self.open(conversation_id)
        path = original.path_to(turn_id)
        if summarized_turn(path[0]) is not None and not is_summary(path[1:2]):
            raise RequestRefused("there is no whole summary to fork from", detail="no_summary")
        turns = self._copies(path, None)
        copy_of = {turn.id: copy.id for turn, copy in zip(path, turns, strict=True)}
        now = self._dependencies.now()
        forked = replace(
            original,
            id=self._dependencies.new_id(),
            created_at=now,
            updated_at=now,
            turns=turns,
            side_requests=(),
            head=turns[-1].id,
            origin=Origin(conversation_id, turn_id, source, foreign_id),
            left_out=frozenset(copy_of[turn_id] for turn_id in original.left_out if turn_id in copy_of),
            archived_at=None,
            deleted_at=None,
        )
        await self.save_queue.store.create(forked)
        return forked

    def save_unsaved(self, timeout_s: float) -> bool:
        """Save what arrived, from any thread, when the event loop cannot; nothing is saved after that."""

        def unsaved_deltas() -> list[tuple[str, tuple[Delta, ...]]]:
            # Ended replies too: the store ignores deltas of a reply that is finished.
            return [(reply.turn_id, reply.unsaved) for reply in self._replies]

        return self.save_queue.store.checkpoint_last(unsaved_deltas, timeout_s)

    async def aclose(self) -> None:
        """Stop every reply and save what is not saved yet."""
        for reply in self.replies:
            reply.cancel(status=TurnStatus.INTERRUPTED)
        for reply in self.replies:
            await reply.wait()
        await self.auto_title.aclose()
        await self.save_queue.aclose()

    async def _opened(self, conversation_id: str, with_tools: bool) -> Conversation:
        conversation = await self.open(conversation_id)
        return conversation if with_tools else conversation.without_tools()

    def _conversation_lock(self, conversation_id: str) -> asyncio.Lock:
        return self._locks.setdefault(conversation_id, asyncio.Lock())

    async def _latest(self, conversation: Conversation) -> tuple[Conversation, bool]:
        """Return the stored turns with the caller's head, model, system prompt and options; and whether it is new."""
        try:
            stored = await self.open(conversation.id)
        except (NotFound, StorageError):
            return conversation, not conversation.turns
        head = conversation.head if conversation.head is None or stored.has(conversation.head) else stored.head
        updated = replace(
            stored, head=head, model=conversation.model, system=conversation.system, options=conversation.options
        )
        return updated, False

    def _copies(self, path: Sequence[Turn], parent_id: str | None) -> tuple[Turn, ...]:
        """Return copies of successive turns under that parent, without their figures: the originals were paid for."""
        copies: list[Turn] = []
        for turn in path:
            # A live reply continues only where it was requested.
            status = TurnStatus.INTERRUPTED if turn.is_live else turn.status
            copy = replace(turn, id=self._dependencies.new_id(), parent_id=parent_id, status=status)
            copies.append(replace(copy, parts=without_figures(turn.parts), usage=None, cost=None))
            parent_id = copy.id
        return tuple(copies)

    def _blank_reply(self, prompt_id: str, model: str) -> Turn:
        now = self._dependencies.now()
        return Turn(self._dependencies.new_id(), prompt_id, Role.ASSISTANT, (), TurnStatus.STREAMING, now, model)

    def _edited_reply(self, reply: Turn, text: str) -> Turn:
        """Return a sibling of a reply with another text, and with no figures: nothing was paid for it."""
        return replace(
            self._blank_reply(_prompt_id(reply), reply.model),
            parts=(TextPart(valid_text(text)),),
            status=TurnStatus.COMPLETE,
            stop_reason=EDITED,
        )

    async def _send_prompt(
        self,
        conversation: Conversation,
        parent_id: str | None,
        parts: tuple[Part, ...],
        *,
        new: bool = False,
        before: tuple[Turn, ...] = (),
    ) -> Reply:
        """Start a reply to a prompt; `before` are turns above it that are stored with it."""
        now = self._dependencies.now()
        prompt = Turn(self._dependencies.new_id(), parent_id, Role.USER, parts, TurnStatus.COMPLETE, now)
        blank = self._blank_reply(prompt.id, conversation.model)
        if not conversation.title and conversation.title_source is TitleSource.PROMPT:
            conversation = replace(conversation, title=telling_title(prompt.text, _file_names(parts)))
        turns = (*before, prompt, blank)
        for turn in turns:
            conversation = conversation.with_turn(turn)
        return await self._start_reply(conversation, turns, new=new)

    async def _start_reply(self, conversation: Conversation, turns: tuple[Turn, ...], *, new: bool) -> Reply:
        """Commit the new turns, of which the last is the reply, then send the request."""
        (reply,) = await self._start_replies(conversation, turns, turns[-1:], new=new)
        return reply

    async def _start_replies(
        self, conversation: Conversation, turns: tuple[Turn, ...], blanks: tuple[Turn, ...], *, new: bool
    ) -> tuple[Reply, ...]:
        """Commit the new turns, then send a request for each blank one."""
        if self.reply_in(conversation.id) is not None:
            raise ReplyInFlight("a reply is still streaming here")
        requests = [await self._request_for(conversation, blank) for blank in blanks]
        news = await self.tool_lists.news(conversation.id, conversation.options.tools)
        spending = {blank.id: await self._forecast(conversation, blank) for blank in blanks}
        news += await self.gate.check_each(conversation, spending)
        await self.save_queue.begin(replace(conversation, updated_at=self._dependencies.now()), turns, new=new)
        # An ended reply holds its whole request; drop it to free the memory.
        replies = tuple(
            Reply(
                self._dependencies,
                self.save_queue,
                self.permissions,
                conversation.id,
                blank,
                request,
                partial(self._with_files, model=blank.model),
            )
            for blank, (request, _) in zip(blanks, requests, strict=True)
        )
        self._replies = (*self.replies, *replies)
        for reply, (_, notes) in zip(replies, requests, strict=True):
            reply.notes, news = notes + news, ()
            reply.allows_round = partial(self.gate.allows_round, conversation, reply.turn_id)
            self.auto_title.schedule(reply)
            reply.start()
            for callback in tuple(self._watchers):
                callback(reply)
        return replies

    async def _request_for(self, conversation: Conversation, blank: Turn) -> tuple[Request, tuple[str, ...]]:
        """Return the request that fills a blank reply, and notes."""
        sent = sent_turns(conversation, blank.id if blank.parts else blank.parent_id)
        if is_summary_requested(sent) and not has_summarized(conversation, sent):
            raise RequestRefused("the summarised messages are not here", detail="summarized_elsewhere")
        return await self._fitting_request(conversation, blank.model, sent)

    async def _forecast(self, conversation: Conversation, blank: Turn) -> Spending:
        """Return what the request for a reply will spend at least: its input."""
        if not self.gate.budget:
            return Spending()
        read = counted_turns(conversation, blank.id if blank.parts else blank.parent_id)
        tokens = context_tokens(read, conversation.system, model=blank.model)
        usage = Usage(tokens, estimated=True)
        return Spending.of_request(tokens, await self._dependencies.cost_of(blank.model, usage, blank.created_at))

    async def _fitting_request(
        self, conversation: Conversation, model: str, sent: tuple[Turn, ...]
    ) -> tuple[Request, tuple[str, ...]]:
        """Return the request with files that the model takes, and notes on what was shrunk or left out."""
        request = await self._request(conversation, model, sent)
        if not any(attachments_of(turn) for turn in request.turns):
            return request, ()
        refuse_lost(request.turns)
        return await self._fitted(request, model)

    async def _with_files(self, request: Request, *, model: str) -> Request:
        """Return the next request of a reply, with the files that its tools gave."""
        if not any(attachments_of(turn) for turn in request.turns):
            return request
        turns = await with_bytes(request.turns, self.save_queue.store.blob)
        return (await self._fitted(replace(request, turns=turns), model))[0]

    async def _fitted(self, request: Request, model: str) -> tuple[Request, tuple[str, ...]]:
        provider = await self._dependencies.provider_for(model)
        listed = await self._dependencies.listed_model(model)
        return await self._fitter.fit(request, limits_of(provider.takes(split_ref(model)[1]), listed), model)

    async def _request(self, conversation: Conversation, model: str, sent: tuple[Turn, ...]) -> Request:
        options = conversation.options
        if is_summary_requested(sent):
            options = replace(options, tools=())
        tools = await self.tool_lists.tools_of(conversation.id, options.tools)
        turns = await with_bytes(expand_rounds(sent), self.save_queue.store.blob)
        return Request(split_ref(model)[1], turns, conversation.system, options, tools)


def _prompt_id(turn: Turn) -> str:
    """Return the prompt that a reply answers; a prompt's own id."""
    prompt_id = turn.parent_id if turn.role is Role.ASSISTANT else turn.id
    if prompt_id is None:
        raise RequestRefused("there is no prompt to answer", detail="no_prompt")
    return prompt_id


def without_attachments(turn: Turn) -> Turn:
    """Return a turn without its attachments; a prompt of files alone names them in words."""
    if not (files := attachments_of(turn)):
        return turn
    parts = tuple(part for part in turn.parts if not isinstance(part, AttachmentPart))
    if not any(isinstance(part, TextPart) and part.text.strip() for part in parts):
        parts = (TextPart(f"[sent without {', '.join(file.name for file in files)}]"),)
    return replace(turn, parts=parts)


def attachments_of(turn: Turn) -> tuple[AttachmentPart, ...]:
    return tuple(part for part in turn.parts if isinstance(part, AttachmentPart))


def _without_last_round(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts up to where a reply can be continued: its last request is continued."""
    return parts[:-1] if parts and isinstance(parts[-1], RoundPart) else parts


def _file_names(parts: tuple[Part, ...]) -> list[str]:
    return [part.name for part in parts if isinstance(part, AttachmentPart) and part.name]
