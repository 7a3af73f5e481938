"""Ctrl-C is not lost where Python ignores exceptions, and whoever had SIGINT before has it again."""

from __future__ import annotations

import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest

from experiments import InProcess
from experiments.ctrl_c import KeptInterrupt
from experiments.workers import WorkerPool


class Thing:
    """Something to refer to weakly."""


@pytest.fixture(autouse=True)
def handled_as_by_default(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ctrl-C as a new process has it; and what is ignored in callbacks is not told to pytest."""
    monkeypatch.setattr("sys.unraisablehook", lambda told: None)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def press_where_it_is_ignored() -> str:
    thing = Thing()
    reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
    del thing
    assert reference() is None
    return "went on"


def test_a_press_in_a_callback_of_a_weak_reference_is_lost_without_it() -> None:
    assert press_where_it_is_ignored() == "went on"


def test_a_press_that_was_ignored_is_raised_at_the_next_check() -> None:
    interrupt = KeptInterrupt()
    with suppress(KeyboardInterrupt), interrupt:
        interrupt.check()
        press_where_it_is_ignored()
    with pytest.raises(KeyboardInterrupt):
        interrupt.check()


def test_a_press_that_was_ignored_is_raised_at_the_end() -> None:
    went_on = []

    def work() -> None:
        with KeptInterrupt():
            went_on.append(press_where_it_is_ignored())

    with pytest.raises(KeyboardInterrupt):
        work()
    assert went_on == ["went on"]


def test_a_press_anywhere_else_is_raised_there() -> None:
    went_on = []
    with suppress(KeyboardInterrupt), KeptInterrupt():
        signal.raise_signal(signal.SIGINT)
        went_on.append(True)
    assert went_on == []


def test_an_error_on_the_way_out_stays_what_it_is() -> None:
    def work() -> None:
        with KeptInterrupt():
            press_where_it_is_ignored()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()


def test_work_in_this_process_is_interrupted_by_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        InProcess().submit(press_where_it_is_ignored)


@pytest.mark.slow
def test_a_pool_is_interrupted_by_it_at_the_next_call_or_at_the_end() -> None:
    submitted = []

    def work(*, goes_on: bool) -> None:
        with WorkerPool(1) as pool:
            press_where_it_is_ignored()
            if goes_on:
                submitted.append(pool.submit(int))

    for goes_on in (True, False):
        with pytest.raises(KeyboardInterrupt):
            work(goes_on=goes_on)
    assert submitted == []


@pytest.mark.parametrize("other", [signal.SIG_IGN, lambda number, frame: None])
def test_where_it_is_ignored_or_somebody_else_s_it_is_left_so(other: signal.Handlers) -> None:
    signal.signal(signal.SIGINT, other)
    with KeptInterrupt():
        assert signal.getsignal(signal.SIGINT) is other
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is other
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_in_another_thread_nothing_is_set() -> None:
    def work() -> None:
        with KeptInterrupt():
            found.append(signal.getsignal(signal.SIGINT))

    found: list[object] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
