"""Whatever is started, killed, resumed and closed when: every run that opens is the model's, every gap is named."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults import times
from tests.recording.run_machine import RunMachine


def test_any_order_of_starts_kills_and_resumes() -> None:
    run_state_machine_as_test(
        RunMachine,
        settings=settings(
            max_examples=times(40, 2000), stateful_step_count=24, deadline=None, print_blob=False
        ),
    )
