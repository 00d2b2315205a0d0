"""A generated library: conversations whose words are spread as in real ones. The same for the same seed."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, Price, Usage

_COMMON = """
the of and to a in is that for it as was with be by on not he this are or his from at which but have an had they you
were their one all we can has there been if more when will would who so no code function error value file return list
string number class data type model test user name time line print config stream async await thread server client
request response query index table database memory cache import module package version install
"""
_SYLLABLES = """
ba con der el for gra hin int jo ker lam mon ner or pre qui ras str tion ul ver wen xi yst zen
"""
_HANZI = """
的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也
能下过子说产种面而方后多定行学法所民得经
"""
_MODELS = ("anthropic/claude-sonnet-5-5", "anthropic/claude-opus-5-5", "openai/gpt-6", "ollama/llama4", "demo/tour")
_PRICE = Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"), Decimal(6), source="generated")
START = datetime(2023, 1, 1, tzinfo=UTC)


class Words:
    """A vocabulary in which the n-th word is written about 1/n times as often as the first."""

    def __init__(self, seed: int, size: int = 60_000) -> None:
        self.random = Random(seed)
        draw = self.random
        self.words = _COMMON.split()
        syllables = _SYLLABLES.split()
        seen = set(self.words)
        while len(self.words) < size:
            parts = [draw.choice(syllables) for _ in range(draw.randint(2, 4))]
            shape = len(self.words) % 10
            word = (
                "_".join(parts) if shape == 3 else "".join(p.title() for p in parts) if shape == 7 else "".join(parts)
            )
            if word not in seen:
                seen.add(word)
                self.words.append(word)
        self._reach = list(accumulate(1 / (rank + 2.7) for rank in range(size)))
        self._hanzi_reach = list(accumulate(1 / (rank + 1) for rank in range(3000)))
        self._hanzi = [*"".join(_HANZI.split()), *(chr(0x4E00 + number) for number in range(3000))]

    def prose(self, count: int) -> str:
        """Sentences, now and then a piece of code, of about so many words."""
        random, reach, words = self.random.random, self._reach, self.words
        total = reach[-1]
        chosen = [words[bisect(reach, random() * total)] for _ in range(count)]
        for at in range(12, count, 13):
            chosen[at] += "." if at % 3 else ",\n\n"
        if count > 60 and count % 4 == 0:
            chosen.insert(
                count // 2,
                f"\n\n```python\ndef {chosen[3]}({chosen[5]}):\n    return {chosen[7]}[{chosen[9]}]\n```\n\n",
            )
        return " ".join(chosen)

    def chinese(self, count: int) -> str:
        """So many characters in sentences."""
        random, reach = self.random.random, self._hanzi_reach
        letters = [self._hanzi[bisect(reach, random() * reach[-1])] for _ in range(count)]
        for at in range(15, count, 16):
            letters[at] = "。" if at % 3 else "，"
        return "".join(letters)

    def text(self, words: int) -> str:
        """Prose; one in twelve in Chinese."""
        return self.chinese(words * 2) if self.random.random() < 1 / 12 else self.prose(words)


def library(conversations: int, turns: int, *, seed: int = 7, prefix: str = "c") -> Iterator[Conversation]:
    """So many conversations that have so many turns together, oldest first; their ids start with the prefix."""
    words = Words(seed)
    draw = words.random
    left = turns
    for number in range(conversations):
        fair = max(1.0, left / (conversations - number))
        size = left if number == conversations - 1 else min(left, max(2, int(draw.expovariate(1 / fair)) // 2 * 2))
        left -= size
        began = START + timedelta(minutes=10 * number)
        yield one(words, f"{prefix}{number:08d}", size, began)


def one(words: Words, conversation_id: str, size: int, began: datetime) -> Conversation:
    """A conversation of so many turns, some of them on side branches."""
    draw = words.random
    made: list[Turn] = []
    model = draw.choice(_MODELS)
    parent: str | None = None
    for at in range(size):
        turn_id = f"{conversation_id}-{at:05d}"
        moment = began + timedelta(seconds=30 * at)
        if at % 2 == 0:
            text = words.text(int(draw.lognormvariate(2.9, 0.8)) + 2)
            turn = Turn(turn_id, parent, Role.USER, (TextPart(text),), TurnStatus.COMPLETE, moment)
        else:
            text = words.text(int(draw.lognormvariate(5.0, 0.8)) + 2)
            usage = Usage(input_tokens=at * 40, output_tokens=len(text) // 4)
            cost = Cost(Decimal(usage.input_tokens * 3 + usage.output_tokens * 15) / 1_000_000, price=_PRICE)
            turn = Turn(turn_id, parent, Role.ASSISTANT, (TextPart(text),), TurnStatus.COMPLETE, moment, model)
            turn = replace(turn, usage=usage, cost=cost, stop_reason="end_turn", ttft_ms=400, duration_ms=4000)
        made.append(turn)
        if at % 2 == 0 or draw.random() > 0.05 or at < 3:
            parent = turn_id
        else:
            parent = made[at - 2].id
    title = words.prose(6).replace("\n", " ")
    ended = made[-1].created_at if made else began
    return Conversation(
        conversation_id, began, ended, title, model=model, turns=tuple(made), head=made[-1].id if made else None
    )
