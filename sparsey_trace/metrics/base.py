"""What a metric is: a fold over the run, and what is made of it.

A metric is a frozen dataclass, so that it pickles, compares and its repr is its provenance. Its fold
obeys one law, from which streaming, processes, resuming and following a live run all come:

    merge(fold(xs), fold(ys)) == fold(xs + ys)        for neighbouring runs of samples xs, ys

`init` is the identity of `merge`, `merge` is associative for neighbours in order, and `finalize` is
pure and repeatable. Equality is of what `finalize` makes of the states, bit for bit. So a state holds
integers where it can, and whatever is divided is divided in `finalize` or later.

There are two kinds. A `RunMetric` is finished by `finalize`, which makes its table. A `SampleMetric`
has a value for every sample and MAC: it never gathers them in its state, but gives them out in
`values`, which sees the run once more, chunk by chunk, with what `finalize` made of the first pass.
A `TallyMetric` is a `RunMetric` that sees the run once more too, and counts: its table is made of the counts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

from sparsey_trace.layout import EVAL, TRAIN
from sparsey_trace.metrics.folding.memo import Memo

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.similarity import CodeMeasure

S = TypeVar("S")

Best = Literal["lowest", "highest"]
OverSamples = Literal["mean", "sum", "last"]

Tally: TypeAlias = "tuple[NDArray[np.int64], ...]"
"""Whole numbers that are counted up."""

RESOLUTIONS = ("sample", "step", "epoch", "run")
"""Over which samples values can be taken together."""

CODES_AND_ACTIVITY = frozenset({"codes", "active"})
"""For `requires`: a metric that reads winners, and which MACs were active."""

EVERYTHING = frozenset({"inputs", "codes", "active"})
"""For `requires`: a metric that reads these and the inputs."""


class Recalled(NamedTuple):
    """What a run holds of n samples picked from anywhere in it; fields as in `Chunk`, if asked for."""

    inputs: NDArray[Any] | None
    codes: tuple[NDArray[Any], ...]
    active: tuple[NDArray[np.bool_], ...]
    phase: NDArray[np.uint8] | None = None


class Recall(Protocol):
    """Looks up samples of the run by their numbers."""

    def __call__(self, samples: NDArray[np.int64], fields: frozenset[str]) -> Recalled:
        """The asked fields of the n samples, in the order given."""


@dataclass(frozen=True, eq=False)
class Context:
    """What `values` may lean on beside the chunk.

    Attributes:
        result: what `finalize` made of the whole run.
        recall: looks up other samples of the run.
        memo: kept between chunks of one pass, and shared by the threads that are at work on them, and by metrics of
            one `fold_key`, as what it keeps is made of what their fold came to.
    """

    result: Any
    recall: Recall
    memo: Memo = field(default_factory=Memo)


@dataclass(frozen=True, eq=False, kw_only=True)
class SampleValues:
    """Values of n samples.

    Attributes:
        sample: [n] int64, positions in the chunk of the samples that have a value; None for all.
        values: per layer [n, M], int64 for counts, else float64; a smaller dtype of the kind is less to move.
        layer_values: per layer [n], a value for the layer as a whole; None where there is none.
        extra: further columns of the table at resolution `sample`, [n] each.
        beside: further values that only summaries tell, by what they are called there; as `values`, float64 means.
    """

    values: Sequence[NDArray[Any]]
    sample: NDArray[np.int64] | None = None
    layer_values: Sequence[NDArray[Any]] | None = None
    extra: dict[str, NDArray[Any]] = field(default_factory=dict)
    beside: dict[str, Sequence[NDArray[Any]]] = field(default_factory=dict)


class Metric(ABC, Generic[S]):
    """What both kinds share: a name, what is read, and the fold. The default fold keeps nothing.

    Class attributes:
        name: as in tables, configuration files and on the command line.
        version: raised whenever the same trace would give other values.
        requires: the fields that `update` reads: of `inputs`, `codes`, `active`, `values`.
        best: whether the best value is the `lowest` or the `highest`.
        has_best: whether better means better, so that a summary tells the best epoch; nothing is best about the size of
            a basis set, or about activity, though `best` says which way a comparison goes.
        resolutions: the resolutions at which it says something.
        units: what columns of its table are counted or measured in, by their names.
        reductions: the reductions that make sense for it; None stands for none.
        left_open: parameters that a trace decides where they are None; see `for_values`.
        partial_training: what its values are where not all training steps were recorded; empty where
            they don't depend on training. Where they do, it is refused if none were recorded.
        partial_layers: what its values are where layers were not recorded; empty where that changes
            nothing for the others.
        of_numbers: what its values are where inputs are other numbers than zeros and ones; empty where that changes
            nothing.
        state_types: the frozen dataclasses that its states are made of, beside arrays, numbers, text, tuples,
            lists and dicts. States of others, and their results, are computed anew whenever a trace has grown.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    requires: ClassVar[frozenset[str]] = frozenset()
    best: ClassVar[Best] = "highest"
    has_best: ClassVar[bool] = True
    resolutions: ClassVar[tuple[str, ...]] = RESOLUTIONS
    units: ClassVar[dict[str, str]] = {}
    reductions: ClassVar[tuple[str | None, ...]] = (
        None,
        "layerwise_mean",
        "layerwise_sum",
        "mean",
        "sum",
        "highest_layer",
        "highest_layer_mean",
    )
    left_open: ClassVar[frozenset[str]] = frozenset()
    partial_training: ClassVar[str] = ""
    partial_layers: ClassVar[str] = ""
    of_numbers: ClassVar[str] = ""
    state_types: ClassVar[tuple[type, ...]] = ()

    def init(self, layout: Layout) -> S:
        """The state of a run without samples."""
        return None  # type: ignore[return-value]

    def update(self, state: S, chunk: Chunk) -> S:
        """The state after taking in a chunk that follows what the state has seen."""
        return state

    def merge(self, earlier: S, later: S) -> S:
        """The state of two neighbouring runs together."""
        return earlier

    def finalize(self, state: S, layout: Layout) -> Any:
        """What the state comes to; the table of a `RunMetric`, what `values` needs of a `SampleMetric`."""
        return None

    def excerpt(self, state: S, start: int, stop: int) -> S:
        """What of the whole run's state is needed for what the second pass gives out for a stretch; by default all.

        Whoever works on a stretch of a long run gets this alone, where it isn't the state itself. Leave out only what
        is much, and what changes no value and no tally.

        Args:
            state: of the whole run.
            start: the stretch's first sample.
            stop: the one to stop before.
        """
        return state

    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        """See that a state that comes out of a file could be one of the first so many samples of a run.

        Whoever can write into a folder of results can put any numbers there. Code that trusts them, such as compiled
        loops, has to look here at all lengths, ranges and orders that it relies on; see `metrics.state_checks`.

        Raises:
            DataError: it couldn't.
        """
        return

    def configured(self, *, resolution: str, reduction: str | None) -> Metric[S]:
        """The metric as an analysis of this resolution and reduction wants it."""
        return self

    def for_values(self, names: Sequence[str]) -> Metric[S]:
        """The metric for a trace whose MACs have further values of these names."""
        return self

    def lacking(self, names: Sequence[str]) -> str:
        """What a trace with further values of these names lacks for it, in words; empty where nothing."""
        return ""

    def notes(self, result: Any) -> dict[str, Any]:
        """What a reader of the table should know about its values, given what `finalize` made."""
        return {}

    def pairs(self, asked: int, trained: int) -> int:
        """At most how many pairs of samples are compared, in the second pass; 0 where none are compared.

        Args:
            asked: how many samples of `values_phases` that pass reads.
            trained: how many training samples the run has.
        """
        return 0

    def state_bytes(self, trained: int, layout: Layout) -> int:
        """At most how many bytes its state takes; 0 where nothing is known of that.

        Told where a parameter bounds it; an analysis that would keep more than is wanted is refused before it begins.

        Args:
            trained: how many training samples the run has.
            layout: of the model.
        """
        return 0

    @property
    def unit(self) -> str:
        """What a figure of a summary is in, such as "codes"."""
        return ""

    @property
    def column_units(self) -> dict[str, str]:
        """What columns of its table are counted or measured in, by their names: `units`, or what a trace decides."""
        return dict(self.units)

    @property
    def fold_key(self) -> Hashable:
        """Metrics of equal keys share one fold in a replay, and what `finalize` makes of it."""
        return self

    @property
    def has_fold(self) -> bool:
        """Whether the metric keeps a state at all."""
        return type(self).update is not Metric.update

    @property
    def parameters(self) -> dict[str, Any]:
        """The metric's parameters by name; none where it isn't a dataclass."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    @property
    def decided(self) -> dict[str, Any]:
        """Those of its parameters that no trace has to decide."""
        return {k: v for k, v in self.parameters.items() if v is not None or k not in self.left_open}


class SampleMetric(Metric[S]):
    """A metric with a value for every sample and MAC.

    Class attributes:
        over_samples: what stands for a group of samples: the `mean`, the `sum` or the `last` value.
        counts: whether values are counts (int64 in tables) rather than float32.
        values_require: the fields that `values` reads, in chunks with samples of `values_phases`.
        values_phases: the phases whose samples have a value.
        extra: further columns at resolution `sample`: their names and dtypes.
        has_layer_values: whether `values` also gives values for a layer as a whole.
        summary_phases: the phases that a summary has figures of, as far as their samples have a value.
        per_samples: for how many samples a summary tells what is summed over them.
        beside: what else a summary tells: names, and the units of the values; see `SampleValues`.
        told_chance: which of these it tells as the chance of the metric's own values, and not by itself; empty where
            none is.
        told_behind_training: whether a summary tells it of phases only that go on behind the first training step, as
            before that there is nothing to compare with.
    """

    over_samples: ClassVar[OverSamples] = "mean"
    counts: ClassVar[bool] = False
    values_require: ClassVar[frozenset[str]] = frozenset()
    values_phases: ClassVar[tuple[int, ...]] = (TRAIN, EVAL)
    extra: ClassVar[dict[str, str]] = {}
    has_layer_values: ClassVar[bool] = False
    summary_phases: ClassVar[tuple[int, ...]] = (TRAIN, EVAL)
    per_samples: ClassVar[int] = 1
    beside: ClassVar[dict[str, str]] = {}
    told_chance: ClassVar[str] = ""
    told_behind_training: ClassVar[bool] = False

    @property
    def chances(self) -> Mapping[str, CodeMeasure]:
        """What a summary tells the chance of, in evaluation: names, and how codes are compared."""
        return {}

    @property
    def may_lack(self) -> bool:
        """Whether single values may be missing: nan, which means don't count and tables show as null."""
        return False

    def values_stay(self, notes: Mapping[str, Any]) -> bool:
        """Whether the values of samples stay as they are, bit for bit, however the run goes on.

        Args:
            notes: what the table of these samples says of them; see `notes`.
        """
        return False

    @abstractmethod
    def values(self, chunk: Chunk, layout: Layout, context: Context) -> SampleValues | None:
        """The values of a chunk's samples, some of which are of `values_phases`; None where no sample has one.

        A pure function of the chunk's samples and the context: however the run is cut into chunks,
        a sample's values are the same, bit for bit.
        """


class RunMetric(Metric[S]):
    """A metric whose table is made by `finalize`: at the end of the run, not for every sample.

    Resolutions and reductions leave the table as it is, except where `configured` sees to them.

    Class attributes:
        told: the column that a summary tells the mean of, by layer.
        told_chance: the column whose mean it tells as chance; empty where nothing is known of chance.
        told_samples: the column that says how many samples its figures stand for; `all`, where they stand for all of
            the phase, or of its last epoch where rows are by epoch; empty where that isn't known.
    """

    reductions: ClassVar[tuple[str | None, ...]] = (None,)
    told: ClassVar[str] = "value"
    told_chance: ClassVar[str] = ""
    told_samples: ClassVar[str] = ""

    @abstractmethod
    def finalize(self, state: S, layout: Layout) -> pa.Table:
        """The table: columns `phase` (and `epoch`) first, then `layer`, `mac`, and what it measures."""

    def parts(self, state: S, layout: Layout) -> Iterator[pa.Table]:
        """The same table in parts, at least one, of which only one at a time is in memory: an analysis writes these.

        A metric whose tables may be large makes them here, and joins them in `finalize`. `notes` is told the first.
        """
        yield self.finalize(state, layout)

    def summarized(self, table: pa.Table) -> pa.Table:
        """What a summary tells means of: all rows, unless the metric knows better; a layer without any isn't told."""
        return table


class TallyMetric(RunMetric[S]):
    """A metric whose table is made of what is counted in a second pass, when all of the run is known.

    Class attributes:
        values_require: the fields that `tally` reads.
        values_phases: the phases whose samples it counts.
    """

    values_require: ClassVar[frozenset[str]] = frozenset()
    values_phases: ClassVar[tuple[int, ...]] = (TRAIN, EVAL)

    @abstractmethod
    def finalize(self, state: S, layout: Layout) -> Any:
        """What the state comes to: what `tally` needs."""

    @abstractmethod
    def no_tally(self, layout: Layout) -> Tally:
        """What no samples count: zeros."""

    @abstractmethod
    def tally(self, chunk: Chunk, layout: Layout, context: Context) -> Tally:
        """What a chunk's samples count: arrays of the shapes that `no_tally` has.

        However the run is cut into chunks, their sums are the same.
        """

    @abstractmethod
    def table(self, tally: Tally, result: Any, layout: Layout) -> pa.Table:
        """The table that the sums over all chunks come to, given what `finalize` made; columns as of a `RunMetric`."""
