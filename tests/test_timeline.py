"""Where the time machine's slider stands, whatever a browser says."""

from types import SimpleNamespace

import numpy as np
import pytest

from pages.kit.timeline import Stand, _follow

VIEW = SimpleNamespace(recorded=np.array([0, 1, 2, 5, 10, 20]), epoch=20)


def moved(stands: Stand, number: int, epoch) -> Stand:
    return _follow(stands, {"at": {"run": "a", "number": number, "epoch": epoch}}, "a", VIEW)


def test_a_step_of_the_slider_goes_to_the_next_recorded_epoch_in_its_direction():
    stands = Stand("a", 1, 2)
    assert [moved(stands, 2, wish).at for wish in (3, 5, 6, 10)] == [5, 5, 10, 10]
    assert [moved(Stand("a", 1, 10), 2, wish).at for wish in (9, 7, 5, 4)] == [5, 5, 5, 2]
    assert [moved(Stand("a"), 1, wish).at for wish in (19, 3, 0)] == [10, 2, 0]  # from now on backwards


def test_it_stays_where_it_is_until_the_next_wish_and_comes_back_to_now():
    stands = moved(Stand("a", 1, 2), 2, 3)
    assert moved(stands, 2, 3) is stands
    assert moved(stands, 3, None) == Stand("a", 3)


def test_another_run_begins_at_now():
    stands = Stand("b", 7, 5)
    assert moved(stands, 7, 5).at == 5 and moved(stands, 7, 5).run == "a"
    assert _follow(Stand("a", 1, 2), {"at": {"run": "a", "number": 2, "epoch": 1}}, "b", VIEW) == Stand("b")


@pytest.mark.parametrize("state", [
    None, {}, {"at": None}, {"at": "x"}, {"at": []}, {"at": {"run": "a"}}, {"at": {"run": "a", "number": "2"}},
])  # fmt: skip
def test_what_is_no_wish_changes_nothing(state):
    stands = Stand("a", 1, 5)
    assert _follow(stands, state, "a", VIEW) is stands


@pytest.mark.parametrize("wish, at", [(10**400, 20), (-(10**400), 0), ("5", None), (2.5, None), ([], None)])
def test_a_wish_that_cannot_be_comes_to_something_that_can(wish, at):
    assert moved(Stand("a", 1, 5), 2, wish).at == at


def test_a_run_without_a_recording_has_no_past():
    view = SimpleNamespace(recorded=np.empty(0, int), epoch=20)
    assert _follow(Stand("a"), {"at": {"run": "a", "number": 1, "epoch": 3}}, "a", view) == Stand("a")
