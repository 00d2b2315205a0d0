"""How often something is drawn."""

import asyncio
import time

from tui_chat.ui.conversation_view.frame_pacer import FRAME_S, FramePacer


async def test_a_request_is_drawn_at_once_after_a_pause() -> None:
    drawn: list[float] = []

    def draw() -> bool:
        drawn.append(time.monotonic())
        return False

    pacer = FramePacer(draw)
    began = time.monotonic()
    pacer.request(streams=True)
    await asyncio.sleep(0)
    assert drawn[0] - began < FRAME_S / 2


async def test_a_burst_is_drawn_together_and_what_streams_once_a_frame() -> None:
    drawn: list[float] = []

    def draw() -> bool:
        drawn.append(time.monotonic())
        return False

    pacer = FramePacer(draw)
    for _ in range(1000):
        pacer.request(streams=True)
    await asyncio.sleep(0)
    assert len(drawn) == 1
    began = time.monotonic()
    while time.monotonic() - began < 0.3:
        pacer.request(streams=True)
        await asyncio.sleep(0.001)
    pacer.stop()
    assert 0.3 / FRAME_S / 3 < len(drawn) <= 0.3 / FRAME_S + 3


async def test_what_came_too_early_is_drawn_without_waiting_for_more() -> None:
    drawn: list[float] = []

    def draw() -> bool:
        drawn.append(time.monotonic())
        return False

    pacer = FramePacer(draw)
    for _ in range(4):
        pacer.request(streams=True)
        await asyncio.sleep(0)
    await asyncio.sleep(4 * FRAME_S)
    assert 2 <= len(drawn) <= 3


async def test_drawing_what_streams_takes_no_more_than_a_third_of_the_time() -> None:
    spent = 0.0

    def draw() -> bool:
        nonlocal spent
        time.sleep(0.02)
        spent += 0.02
        return False

    pacer = FramePacer(draw)
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        pacer.request(streams=True)
        await asyncio.sleep(0.001)
    pacer.stop()
    assert spent <= 0.4 * (time.monotonic() - began)


async def test_what_a_person_does_waits_for_a_frame_only() -> None:
    drawn: list[float] = []

    def draw() -> bool:
        time.sleep(0.05)
        drawn.append(time.monotonic())
        return False

    pacer = FramePacer(draw)
    pacer.request(streams=True)
    await asyncio.sleep(0)
    pacer.request(streams=True)
    pacer.request()
    await asyncio.sleep(0)
    assert len(drawn) == 2
    pacer.stop()


async def test_drawing_is_tried_again_while_the_terminal_is_behind() -> None:
    answers = [True, True, False]
    done = asyncio.Event()

    def draw() -> bool:
        if len(answers) == 1:
            done.set()
        return answers.pop(0)

    FramePacer(draw).request()
    await asyncio.wait_for(done.wait(), 5)
    await asyncio.sleep(3 * FRAME_S)
    assert not answers


async def test_nothing_is_scheduled_while_idle() -> None:
    drawn: list[None] = []

    def draw() -> bool:
        drawn.append(None)
        return False

    pacer = FramePacer(draw)
    pacer.request()
    pacer.request()
    await asyncio.sleep(5 * FRAME_S)
    assert len(drawn) == 1
    assert pacer._handle is None
