"""The panel's controls, with hands that are the test's."""

from __future__ import annotations

import threading
from contextlib import closing

from tts_notebook.auth.flow import Stage
from tts_notebook.notebook.panel import Panel
from tts_notebook.notebook.view import Situation


class SlowHands:
    """Hands that paste until they are told to go on."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.pasting, self.cancelled, self.go_on = threading.Event(), threading.Event(), threading.Event()

    def situation(self) -> Situation:
        return Situation(profile="p", stage=Stage.AWAITING_REDIRECT)

    def paste(self, text: str) -> None:
        self.done.append(text)
        self.pasting.set()
        self.go_on.wait(10)

    def cancel(self) -> None:
        self.cancelled.set()


def test_cancel_answers_while_a_pasted_address_is_at_work_and_a_second_paste_does_not():
    hands = SlowHands()
    with closing(Panel(hands)) as panel:
        panel._address.value = "first"
        assert hands.pasting.wait(5)

        panel._address.value = "second"
        panel._cancel.click()

        assert hands.cancelled.wait(5)
        assert hands.done == ["first"]
        hands.go_on.set()
        for thread in threading.enumerate():
            if thread.name == "tts_notebook click":
                thread.join(5)
        assert hands.done == ["first"]


def test_a_panel_that_nobody_has_got_hold_of_yet_runs_no_thread():
    # a stop button pressed while it is made, once its link is there, leaves nobody who could close it
    before = threading.active_count()

    with closing(Panel(SlowHands())):
        assert threading.active_count() == before
