"""What is done to a program, and the figures for it; each scenario is one run of one program."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.figures import percentile
from tests.benchmarks.replay import TYPED
from tests.benchmarks.session import WARM_UP, Session, Window
from tests.benchmarks.subjects.subject import Subject
from tests.benchmarks.terminal import Broken

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """The amounts of a scenario."""

    window: int
    """Tokens of a phase whose latency and CPU are measured; 1,200 are every kind of block once."""
    depths: tuple[int, ...]
    keys: int
    cancels: int
    idle_s: float
    turns: int
    starts: int
    import_mb: int
    huge: int
    """Tokens of a reply of megabytes."""


FULL = Scale(
    window=1200,
    depths=(10_000, 50_000),
    keys=80,
    cancels=5,
    idle_s=60,
    turns=10_000,
    starts=7,
    import_mb=100,
    huge=1_250_000,
)
QUICK = Scale(
    window=400,
    depths=(10_000,),
    keys=30,
    cancels=1,
    idle_s=8,
    turns=10_000,
    starts=2,
    import_mb=20,
    huge=250_000,
)


def stream(subject: Subject, scale: Scale) -> Figures:
    """One reply at 100 tokens a second."""
    with Session(subject) as session:
        known = len(session.server.events)
        pressed = session.send(WARM_UP)
        requested = session.server.events[known]["at"]
        session.terminal.rest(2)
        (window,) = session.ask(f"bench {scale.window}@100")
        memory_mb = session.terminal.memory_mb()
    times, lost = session.latencies_ms(window)
    return {
        **streaming(session, window, ""),
        "bytes to the terminal per 1,000 tokens": window.kb_per_1k,
        "marked words never shown": 100 * lost / (lost + len(times)),
        "memory while streaming": memory_mb,
        "first prompt: Enter → request": (requested - pressed) / 1e6,
    }


def streaming(session: Session, window: Window, where: str) -> Figures:
    """The figures of one phase at a steady rate."""
    times, _ = session.latencies_ms(window)
    return {
        f"delta → glass p50{where}": percentile(times, 0.5),
        f"delta → glass p95{where}": percentile(times, 0.95),
        f"CPU per 1,000 tokens{where}": window.cpu_s_per_1k,
    }


def drain(subject: Subject, scale: Scale) -> Figures:
    """10,000 tokens at once."""
    with Session(subject) as session:
        session.ask(WARM_UP)
        (window,) = session.ask("bench 10000@0")
    return {"drain of 10,000 tokens": session.drawn_ms(window) / 1000, "CPU of that drain": window.cpu_s}


def echo(subject: Subject, scale: Scale) -> Figures:
    """Keys pressed while a reply streams."""
    if not subject.has_prompt_box:
        return {}
    chance = random.Random(1)
    pressed: list[tuple[str, int]] = []

    def type_on() -> None:
        typed = TYPED
        session.terminal.rest(0.5)
        session.terminal.type(typed)
        for _ in range(scale.keys):
            session.terminal.rest(chance.uniform(0.1, 0.2))
            letter = chance.choice("abcdefgh")
            typed += letter
            pressed.append((typed, session.terminal.type(letter)))

    with Session(subject) as session:
        session.ask(WARM_UP)
        session.ask(f"bench {scale.keys * 15 + 200}@100", meanwhile=type_on)
    shown = [(session.seen.typed(typed), at) for typed, at in pressed]
    times = [(seen - at) / 1e6 for seen, at in shown if seen is not None]
    if len(times) < len(shown):
        raise Broken(f"{len(shown) - len(times)} of {len(shown)} typed letters were never seen")
    return {
        "key echo while streaming p50": percentile(times, 0.5),
        "key echo while streaming p95": percentile(times, 0.95),
        "key echo while streaming, the worst": max(times),
    }


def cancel(subject: Subject, scale: Scale) -> Figures:
    """The key that cancels, in three moments."""
    moments = {
        "before the first byte": ("bench hold", 0.6),
        "in mid-stream": ("bench 3000@100", 1.0),
        "at 2,000 tokens/s": ("bench 20000@2000", 1.0),
    }
    with Session(subject) as session:
        session.ask(WARM_UP)
        times = {
            moment: [session.cancel(plan, after_s) for _ in range(scale.cancels)]
            for moment, (plan, after_s) in moments.items()
        }
        retries = [session.cancel_retry() for _ in range(scale.cancels if subject.countdown else 0)]
    figures = {f"Esc → closed {moment}": percentile(values, 0.5) for moment, values in times.items()}
    figures["Esc → closed, the worst"] = max(value for values in times.values() for value in values)
    if retries:
        gone_ms = [session.countdown_gone_ms(at) for at in retries]
        figures["Esc → a retry's countdown gone"] = percentile(gone_ms, 0.5)
        figures["Esc → a retry's countdown gone, the worst"] = max(gone_ms)
    return figures


def _name(depth: int) -> str:
    return f"{depth // 1000}k"


def _grown(session: Session, place: str, first: Window, later: dict[int, Window]) -> Figures:
    start = streaming(session, first, f", start of the {place}")
    figures = dict(start)
    for depth, window in later.items():
        where = f", {_name(depth)} into the {place}"
        deep = streaming(session, window, where)
        figures |= deep
        for name, before, after in zip(("p50", "p95", "CPU"), start.values(), deep.values(), strict=True):
            figures[f"  ÷ start: {name}{where}"] = after / before
    return figures


def long_reply(subject: Subject, scale: Scale) -> Figures:
    """At the start of a reply, and that many tokens into the same one."""
    depths = [depth for depth in scale.depths if depth <= subject.deepest]
    plan, reached = f"bench {scale.window}@100", scale.window
    for depth in depths:
        plan += f" {depth - reached}@0 {scale.window}@100"
        reached = depth + scale.window
    with Session(subject) as session:
        session.ask(WARM_UP)
        windows = session.ask(plan)
    return _grown(session, "reply", windows[0], dict(zip(depths, windows[2::2], strict=True)))


def long_conversation(subject: Subject, scale: Scale) -> Figures:
    """In the first reply of a conversation, and in a later one."""
    later = {}
    with Session(subject) as session:
        session.ask(WARM_UP)
        (first,) = session.ask(f"bench {scale.window}@100")
        reached = scale.window
        for depth in scale.depths:
            if depth > subject.deepest:
                break
            while reached < depth:
                amount = min(5000, depth - reached)
                session.ask(f"bench {amount}@0")
                reached += amount
            (later[depth],) = session.ask(f"bench {scale.window}@100")
            reached += scale.window
    return _grown(session, "conversation", first, later)


def idle(subject: Subject, scale: Scale) -> Figures:
    """Nothing to do, a reply on the screen."""
    with Session(subject) as session:
        session.ask(WARM_UP)
        session.terminal.rest(3)
        before, chunks = session.terminal.cpu_s(), len(session.terminal.chunks)
        session.terminal.rest(scale.idle_s)
        cpu_s = session.terminal.cpu_s() - before
        size = sum(len(data) for _, data in session.terminal.chunks[chunks:])
    return {"idle CPU": 100 * cpu_s / scale.idle_s, "idle bytes per minute": size / 1000 * 60 / scale.idle_s}


SCENARIOS: dict[str, Callable[[Subject, Scale], Figures]] = {
    "stream": stream,
    "drain": drain,
    "echo": echo,
    "cancel": cancel,
    "long-reply": long_reply,
    "long-conversation": long_conversation,
    "idle": idle,
}
