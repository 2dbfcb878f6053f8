"""Match accuracy: do inputs seen in evaluation bring back the codes of what was learnt?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from sparsey_trace.layout import EVAL
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, EVERYTHING, Context, SampleMetric, SampleValues
from sparsey_trace.metrics.folding.identities import identities
from sparsey_trace.metrics.folding.recalled_codes import RecalledCodes
from sparsey_trace.metrics.nearest import References
from sparsey_trace.metrics.parameters import check_choice, check_sample_size
from sparsey_trace.metrics.reference_store import ReferenceStore, SeenAgain, bytes_of_one
from sparsey_trace.metrics.similarity import ALIKE_BY_ZEROS, CODE_UNITS, CodeMeasure, Measure, PairsOfCodes
from sparsey_trace.metrics.state_checks import check_parts

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.base import Recall
    from sparsey_trace.metrics.folding.recalled_codes import Codes

WINNERS = "match_accuracy_winners"
"""What summaries call the share of winners that agree, beside whatever similarity is asked for."""


@dataclass(frozen=True)
class MatchAccuracy(SampleMetric[ReferenceStore]):
    """How far each MAC's code for an eval sample agrees with its code for the nearest training input.

    Exact, unless `reference_size` bounds the inputs that are kept. Source: `match_accuracy` in
    docs/metrics.md.

    Attributes:
        distance: what is nearest: `hamming` or `jaccard`, of the inputs.
        similarity: how codes agree: `hamming` or `jaccard`, of their cells, or `intersection`, the share of winners.
        repeated: of an input seen several times, the code of which time: `latest` or `first`.
        reference_size: keep so many distinct training inputs, drawn without bias; None for all.
        seed: of the draw.
        exact: ask only eval samples whose very input was shown in training before: what is recognised of what was
            stored. Nothing is then told of chance.

    Raises:
        UsageError: a parameter is none of these.
    """

    name: ClassVar[str] = "match_accuracy"
    requires: ClassVar[frozenset[str]] = frozenset({"inputs"})
    values_require: ClassVar[frozenset[str]] = EVERYTHING
    values_phases: ClassVar[tuple[int, ...]] = (EVAL,)
    extra: ClassVar[dict[str, str]] = {"nearest_sample": "int64", "distance": "float32"}
    partial_training: ClassVar[str] = (
        "compared with recorded training samples only: an unrecorded one may be nearer, or show the input later"
    )
    of_numbers: ClassVar[str] = ALIKE_BY_ZEROS
    state_types: ClassVar[tuple[type, ...]] = (ReferenceStore,)
    beside: ClassVar[dict[str, str]] = {WINNERS: CODE_UNITS["intersection"]}

    distance: Measure = "hamming"
    similarity: CodeMeasure = "hamming"
    repeated: Literal["latest", "first"] = "latest"
    reference_size: int | None = None
    seed: int = 0
    exact: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_choice(self, "distance", ("hamming", "jaccard"))
        check_choice(self, "similarity", ("hamming", "jaccard", "intersection"))
        check_choice(self, "repeated", ("latest", "first"))
        check_sample_size(self, "reference_size")

    @property
    def unit(self) -> str:
        """Of a figure in a summary."""
        return CODE_UNITS[self.similarity]

    @property
    def chances(self) -> Mapping[str, CodeMeasure]:
        """Of both similarities; it is of all eval samples, so with `exact` of none."""
        return {} if self.exact else {self.name: self.similarity, WINNERS: "intersection"}

    @property
    def may_lack(self) -> bool:
        """Where both MACs are silent there are no winners to agree."""
        return self.similarity == "intersection"

    @property
    def fold_key(self) -> Hashable:
        """Shared by all that keep the same inputs, whatever they measure with them."""
        return ("training inputs", self.reference_size, self.seed)

    def init(self, layout: Layout) -> ReferenceStore:
        """No inputs yet."""
        return ReferenceStore.empty(layout.num_features)

    def update(self, state: ReferenceStore, chunk: Chunk) -> ReferenceStore:
        """Add the chunk's training inputs."""
        return self.merge(state, ReferenceStore.of(chunk))

    def merge(self, earlier: ReferenceStore, later: ReferenceStore) -> ReferenceStore:
        """The inputs of both, each once."""
        return earlier.followed_by(later).drawn(self.reference_size, self.seed)[0]

    def excerpt(self, state: ReferenceStore, start: int, stop: int) -> ReferenceStore:
        """Inputs that were seen by then; of when, what is asked for."""
        return state.excerpt(start, stop)

    def check_state(self, state: Any, layout: Layout, samples: int) -> None:
        """Inputs, and sightings of them."""
        check_parts(state, "inputs", ReferenceStore)
        state.check(layout.num_features, samples)

    def finalize(self, state: ReferenceStore, layout: Layout) -> tuple[ReferenceStore, NDArray[np.int64]]:
        """The references, and the last step that each serves."""
        return state.drawn(self.reference_size, self.seed)

    def notes(self, result: tuple[ReferenceStore, NDArray[np.int64]]) -> dict[str, Any]:
        """Whether every training input was a candidate."""
        if result[0].whole:
            return {"exact": True}
        return {"exact": False, "reference_size": self.reference_size}

    def pairs(self, asked: int, trained: int) -> int:
        """Each with all that are kept, if no input comes twice; those that were shown before are found by digests."""
        kept = trained if self.reference_size is None else min(trained, self.reference_size)
        return 0 if self.exact else asked * kept

    def state_bytes(self, trained: int, layout: Layout) -> int:
        """Each input, and when it was seen, if none comes twice; of drawn ones all that ever are, on average."""
        kept = float(trained)
        if self.reference_size is not None and self.reference_size < trained:
            kept = self.reference_size * (1 + math.log(trained / self.reference_size))
        return math.ceil(kept) * bytes_of_one(layout.num_features)

    def values_stay(self, notes: Mapping[str, Any]) -> bool:
        """Only inputs of earlier steps count, and those that are drawn then."""
        return True

    def values(self, chunk: Chunk, layout: Layout, context: Context) -> SampleValues | None:
        """Values of the eval samples that have a candidate."""
        store, until = context.result
        asked = np.flatnonzero(chunk.phase == EVAL)
        if not len(asked):
            return None
        if self.exact:
            reference, distance = self._same(chunk, asked, store, until)
        else:
            references = context.memo.once(
                "references",
                lambda: References.of(
                    store.inputs, input_shape=layout.input_shape, step=store.step, until=until
                ),
            )
            reference, distance = references.nearest(
                chunk.on_bits[asked], chunk.step[asked], measure=self.distance
            )
        found = reference >= 0
        if not found.any():
            return None
        asked, reference, distance = asked[found], reference[found], distance[found]
        matched = self._matched(chunk, asked, store, reference, context)
        values: list[NDArray[np.float64]] = []
        winners: list[NDArray[np.float64]] = []
        recalled = context.memo.once(
            "codes", lambda: RecalledCodes(store.sample, layout, partial(_codes, context.recall))
        )
        for layer, codes, active, *old in zip(
            layout.layers, chunk.codes, chunk.active, *recalled(matched), strict=True
        ):
            pairs = PairsOfCodes(layer, codes[asked], active[asked], *old)
            values.append(pairs.similarity(self.similarity))
            winners.append(pairs.similarity("intersection"))
        return SampleValues(
            sample=asked,
            values=values,
            extra={"nearest_sample": matched, "distance": distance},
            beside={WINNERS: winners},
        )

    def _matched(
        self,
        chunk: Chunk,
        asked: NDArray[np.int64],
        store: ReferenceStore,
        reference: NDArray[np.int64],
        context: Context,
    ) -> NDArray[np.int64]:
        """The samples [n] whose codes stand for the references [n] of the samples asked [n]."""
        if self.repeated == "first":
            return store.first(reference)
        matched, is_unsure = store.latest(reference, chunk.step[asked], chunk.start + asked)
        if self.reference_size is None and is_unsure.any():
            again = context.memo.once("seen again", lambda: SeenAgain(store, context.recall))
            later = again.latest(reference[is_unsure], chunk.start + asked[is_unsure])
            matched[is_unsure] = np.maximum(matched[is_unsure], later)
        return matched

    def _same(
        self, chunk: Chunk, asked: NDArray[np.int64], store: ReferenceStore, until: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The very inputs of the samples asked [n], -1 where none serves them; and their distances [n]."""
        assert chunk.inputs is not None
        reference = store.same_as(identities(chunk.inputs[asked], chunk.on_bits[asked]))
        step, known = chunk.step[asked], reference >= 0
        known[known] = (store.step[reference[known]] < step[known]) & (step[known] <= until[reference[known]])
        reference[~known] = -1
        # By jaccard, an input with nothing on is not even like itself.
        is_apart = (self.distance == "jaccard") & ~chunk.on_bits[asked].any(axis=1)
        return reference, np.asarray(is_apart, np.float64)


def _codes(recall: Recall, samples: NDArray[np.int64]) -> Codes:
    """Codes of samples [n] of the run, and which MACs were active."""
    found = recall(samples, CODES_AND_ACTIVITY)
    return found.codes, found.active
