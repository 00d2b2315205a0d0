"""How often something is drawn."""

import asyncio
import itertools
import time

from tui_chat.ui.pane.frame import FRAME_S, FramePacer


async def test_the_first_request_draws_at_once_and_a_burst_once_a_frame() -> None:
    drawn: list[float] = []

    def draw() -> bool:
        drawn.append(time.monotonic())
        return False

    pacer = FramePacer(draw)
    began = time.monotonic()
    while time.monotonic() - began < 0.2:
        pacer.request(streams=True)
        if not drawn[1:]:
            assert len(drawn) == 1
        await asyncio.sleep(0.001)
    await asyncio.sleep(2 * FRAME_S)
    assert drawn[0] - began < FRAME_S
    assert all(later - earlier > FRAME_S * 0.9 for earlier, later in itertools.pairwise(drawn))
    assert len(drawn) <= 0.25 / FRAME_S


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
    pacer.request(streams=True)
    pacer.request()
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
    assert len(drawn) == 2
    assert pacer._timer is None
