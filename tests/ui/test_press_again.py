"""A key that is pressed twice confirms; a key held down, a late one and another one do not."""

from tui_chat.ui.press_again import HELD_DOWN_S, PressAgain


def test_the_second_press_of_a_key_confirms_and_the_third_asks_again() -> None:
    now = [0.0]
    asking = PressAgain(3.0, monotonic_s=lambda: now[0])
    answers = []
    for _ in range(3):
        answers.append(asking.confirms("stop"))
        now[0] += 1.0
    assert answers == [False, True, False]


def test_a_key_held_down_a_late_press_and_another_key_confirm_nothing() -> None:
    now = [0.0]
    asking = PressAgain(3.0, monotonic_s=lambda: now[0])
    for action, passed_s in (("stop", HELD_DOWN_S / 2), ("stop", 4.0), ("stop", 1.0), ("keep", 1.0), ("stop", 1.0)):
        assert not asking.confirms(action)
        now[0] += passed_s
