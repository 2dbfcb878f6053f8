"""What is told is told each time, at a line of the user's."""

from __future__ import annotations

import logging
import warnings

import pytest

from sparsey_trace.errors import RecordWarning
from sparsey_trace.support.telling import tell


def test_the_same_is_told_again_whatever_was_told_before(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "sparsey_trace")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")  # once for each line and text, elsewhere
        for _ in range(3):
            tell("run.h5: lost")
    assert [(str(one.message), one.category, one.filename) for one in told] == [
        ("run.h5: lost", RecordWarning, __file__)
    ] * 3
    assert caplog.messages == ["run.h5: lost"] * 3


def test_a_filter_may_make_it_an_error_and_the_log_has_it_still(caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings(), pytest.raises(RecordWarning, match=r"run\.h5: lost"):
        warnings.simplefilter("error")
        tell("run.h5: lost")
    assert caplog.messages == ["run.h5: lost"]
