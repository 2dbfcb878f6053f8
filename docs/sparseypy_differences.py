"""What differs from the original, why, and which test holds it: a row of the table in sparseypy.md each."""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    """One of them.

    Attributes:
        original: what one generation or both do.
        here: what happens here.
        why: the reason.
        test: a test's file under `tests/`, and its name.
    """

    original: str
    here: str
    why: str
    test: str


DIFFERENCES = (
    Difference(
        "spring: a silent MAC's code counts for `basis_set_size`",
        "codes of active MACs only",
        "a silent MAC has no code",
        "sparseypy/test_differences.py::test_silent_macs_have_no_codes",
    ),
    Difference(
        "spring: a batch of several samples is one code, in sizes and in match accuracy",
        "each sample has its own",
        "a code is what a MAC answers to one input",
        "sparseypy/test_differences.py::test_each_sample_of_a_batch_has_its_code",
    ),
    Difference(
        "final: codes are hashed with float32, and some are lost; sizes are 0 in evaluation",
        "codes are compared whole; sizes stand still in evaluation",
        "a size is a count",
        "sparseypy/test_differences.py::test_sizes_stand_still_in_evaluation",
    ),
    Difference(
        "spring: a MAC keeps its codes itself, from the first one that it was trained on",
        "a metric counts what it has seen: make it before training",
        "what a MAC keeps has the codes of silence, and whole batches, in it",
        "sparseypy/test_differences.py::test_what_came_before_the_metric_isn_t_counted",
    ),
    Difference(
        "final: silent MACs of the lowest layer cover what they listen to; coverage of an empty input is nan",
        "silent MACs cover nothing; an empty input is covered",
        "nothing gets through a silent MAC; nothing is left to cover",
        "sparseypy/test_differences.py::test_coverage_of_silence_and_of_nothing",
    ),
    Difference(
        "final: 64 inputs are kept, replaced at random and without a seed",
        "64 are drawn by the parameter `seed`; `approximation_batch_size=None` compares with all",
        "values that can be had again",
        "sparseypy/test_differences.py::test_inputs_are_drawn_by_a_seed",
    ),
    Difference(
        "final: the reduction `sum` fails",
        "the sum of all values, a scalar as of `mean`",
        "it is what the name says",
        "sparseypy/test_returns.py::test_reductions_of_final",
    ),
    Difference(
        "spring has no `sisc_adherence`, final no `basis_set_size_increase`",
        "both work on both: a list of means for each layer's MACs, and a nested tensor as of `basis_set_size`",
        "nobody has to do without",
        "sparseypy/test_differences.py::test_metrics_of_the_other_generation",
    ),
    Difference(
        "a reduction that a metric doesn't know passes in silence",
        "the same value, and a warning when the metric is made",
        "None instead of a value is seldom meant",
        "sparseypy/test_online.py::test_a_reduction_that_does_nothing_is_warned_of",
    ),
    Difference(
        "`compute` before any forward pass, or after one that doesn't fit the batch",
        "a RecordError, which is a RuntimeError, says so; only metrics that depend on the input look at the batch",
        "there is no step, and a value of none would be made up",
        "sparseypy/test_online.py::test_compute_before_any_forward_pass_is_refused",
    ),
    Difference(
        "summed inputs are kept by the original in tensors that it adds to, `summed_inputs` and `num_inputs_seen`",
        "both can be read, in lists for spring and in a tensor for each layer for final, but not set; sums are exact",
        "one sum serves live metrics and replays",
        "sparseypy/test_basis_average.py::test_sums_and_counts",
    ),
    Difference(
        "values are computed on the model's device",
        "on the CPU; `device` says where tensors are put",
        "the same values whatever the device",
        "sparseypy/test_online.py::test_tensors_are_put_on_the_device",
    ),
    Difference(
        "hooks stay on the model",
        "`hook.remove()` takes all of them off, and copies of the model have none",
        "a metric that has done its work should cost nothing",
        "sparseypy/test_layer_io.py::test_remove_removes_everything",
    ),
    Difference(
        "errors name what is wrong",
        "ValueErrors also list what is valid, and the nearest name",
        "a typing error is mended at once",
        "sparseypy/test_metric_factory.py::test_other_metrics_are_refused",
    ),
)
