"""Draws the pictures of metrics.md from a sample trace, by the definitions there: `python docs/pictures.py`.

Plain SVG, so that the same trace gives the same bytes with whatever versions; a test looks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sparsey_trace as st
from sparsey_trace.layout import PADDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from sparsey_trace import Chunk

HERE = Path(__file__).parent
TRACE = HERE.parent / "sample_traces" / "digits.h5"
BLUE, ORANGE, GREEN, PALE, DARK = "#0072B2", "#E69F00", "#009E73", "#E4E4E4", "#333333"
TOP, MAC, STEP = 2, 0, 60


def rect(x: float, y: float, side: float, fill: str, *, height: float | None = None) -> str:
    """A square, or a rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{height or side:.1f}" fill="{fill}"/>'


def text(x: float, y: float, said: str, *, anchor: str = "start") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{said}</text>'


def grey(share: float) -> str:
    """White at 0, nearly black at 1."""
    level = round(255 - 215 * float(share))
    return f"#{level:02x}{level:02x}{level:02x}"


def digit(x: float, y: float, colours: NDArray[Any], side: float = 14) -> Iterable[str]:
    """An 8x8 picture, one colour for each feature."""
    for place, colour in enumerate(colours.tolist()):
        yield rect(x + place % 8 * side, y + place // 8 * side, side - 1, colour)


def on_of(run: Chunk) -> NDArray[np.bool_]:
    """[n, D]: the features that are on."""
    return np.asarray(run.inputs) != 0


def reach(run: Chunk, sample: int, layer: int, mac: int) -> set[int]:
    """R[n,l,m]: the features that get to a MAC through active ones."""
    if not run.active[layer][sample, mac]:
        return set()
    heard = run.layout.layers[layer].connections[mac]
    heard = heard[heard != PADDING].tolist()
    return (
        set(heard).union() if layer == 0 else set().union(*(reach(run, sample, layer - 1, j) for j in heard))
    )


def field(run: Chunk, layer: int, mac: int) -> set[int]:
    """RF(l,m)."""
    heard = run.layout.layers[layer].connections[mac]
    heard = heard[heard != PADDING].tolist()
    return set(heard) if layer == 0 else set().union(*(field(run, layer - 1, j) for j in heard))


def num_activations(run: Chunk) -> Iterable[str]:
    """The MACs of layer 0 on their grid: for how many samples of a step each was active."""
    counts = run.active[0][run.step == STEP].sum(axis=0)
    samples = int((run.step == STEP).sum())
    for mac, count in enumerate(counts.tolist()):
        x, y = 20 + mac % 6 * 24, 20 + mac // 6 * 24
        yield rect(x, y, 22, grey(count / samples * 0.6))
        yield text(x + 11, y + 16, str(count), anchor="middle")
    yield text(190, 60, f"Step {STEP} has {samples} samples.")
    yield text(190, 80, "Each square is a MAC of layer 0:")
    yield text(190, 100, "for how many of them it was active.")


def sizes(run: Chunk, layer: int) -> NDArray[np.float64]:
    """The mean basis set size of a layer after each train sample."""
    train = np.flatnonzero(run.is_train)
    new = np.zeros((len(train), run.active[layer].shape[1]))
    for mac in range(new.shape[1]):
        seen: set[bytes] = set()
        for place, n in enumerate(train.tolist()):
            code = run.codes[layer][n, mac].tobytes()
            if run.active[layer][n, mac] and code not in seen:
                seen.add(code)
                new[place, mac] = 1
    return new.cumsum(axis=0).mean(axis=1)


def basis_set_size(run: Chunk) -> Iterable[str]:
    """Curves of growth, one for each layer."""
    yield from axes("train samples", "codes, mean over MACs")
    for layer, colour in enumerate((BLUE, ORANGE, GREEN)):
        curve = sizes(run, layer)[::40]
        points = " ".join(f"{50 + 300 * i / len(curve):.1f},{150 - v / 2:.1f}" for i, v in enumerate(curve))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield text(358, 155 - curve[-1] / 2 + (10 - 10 * layer), f"layer {layer}: {curve[-1]:.0f}")


def basis_set_size_increase(run: Chunk) -> Iterable[str]:
    """How many new codes there were in each stretch of 80 samples."""
    yield from axes("train samples", "new codes per MAC in 80 samples")
    growth = np.diff(sizes(run, TOP)[::80], prepend=0)
    for place, new in enumerate(growth.tolist()):
        yield rect(50 + 7.2 * place, 150 - 3 * new, 6, GREEN, height=max(3 * new, 0.5))
    yield text(358, 60, "layer 2")


def axes(below: str, beside: str) -> Iterable[str]:
    """Two lines, and what they measure."""
    yield f'<path d="M50 20V150H350" fill="none" stroke="{DARK}"/>'
    yield text(200, 182, below, anchor="middle")
    yield text(56, 28, beside)


def feature_coverage(run: Chunk) -> Iterable[str]:
    """Which on features get to a MAC of the highest layer."""
    # The first sample of which something, but not everything, gets there.
    shares = (
        (n, reach(run, n, TOP, MAC), set(np.flatnonzero(on_of(run)[n]).tolist())) for n in range(len(run))
    )
    sample, reached, on = next(
        (n, r, on) for n, r, on in shares if 0.4 * len(on) < len(r & on) < 0.9 * len(on)
    )
    inside = field(run, TOP, MAC)
    colours = [BLUE if f in reached & on else ORANGE if f in on else PALE for f in range(64)]
    yield from digit(20, 25, np.array(colours))
    share = len(reached & on) / len(on)
    yield text(190, 60, f"Sample {sample} has {len(on)} features on.")
    yield text(190, 80, f"{len(reached & on)} (blue) get to MAC {MAC} of layer {TOP},")
    yield text(190, 100, f"{len(on - reached)} (orange) don&#8217;t: coverage {share:.2f}.")
    yield text(190, 120, f"Its field has {len(inside)} of the 64 features.")


def code(x: float, winners: NDArray[Any], other: NDArray[Any]) -> Iterable[str]:
    """A code as Q columns of K cells; winners that both codes have are blue."""
    for cm, (winner, same) in enumerate(zip(winners.tolist(), (winners == other).tolist(), strict=True)):
        for neuron in range(8):
            colour = PALE if neuron != winner else BLUE if same else ORANGE
            yield rect(x + 14 * cm, 25 + 14 * neuron, 13, colour)


def match_accuracy(run: Chunk) -> Iterable[str]:
    """An eval sample, its nearest train input, and the codes of a MAC for both."""
    sample = int(np.flatnonzero(~run.is_train & run.active[TOP][:, MAC])[3])
    earlier = np.flatnonzero(run.is_train & (run.step < run.step[sample]))
    distances = (on_of(run)[earlier] != on_of(run)[sample]).sum(axis=1)
    nearest = int(earlier[distances.argmin()])
    ours, theirs = run.codes[TOP][sample, MAC], run.codes[TOP][nearest, MAC]
    for x, n in ((20, sample), (245, nearest)):
        yield from digit(x, 25, np.where(on_of(run)[n], DARK, PALE))
    yield from code(140, ours, theirs)
    yield from code(365, theirs, ours)
    alike = int((ours == theirs).sum())
    yield text(20, 158, f"eval sample {sample}, and MAC {MAC}&#8217;s code")
    yield text(245, 158, f"nearest: train sample {nearest}")
    yield text(
        20,
        178,
        f"{alike} of 6 winners are the same, so {48 - 2 * (6 - alike)} of 48 cells: {1 - (6 - alike) / 24:.3f}",
    )


def basis_average(run: Chunk) -> Iterable[str]:
    """Every MAC of layer 1 at its place: the mean input while it was active."""
    inputs = on_of(run)[run.is_train]
    for mac in range(16):
        active = run.active[1][run.is_train][:, mac]
        mean = inputs[active].mean(axis=0)
        inside = field(run, 1, mac)
        colours = [grey(mean[f]) if f in inside else "#F4E6C8" for f in range(64)]
        yield from digit(20 + mac % 4 * 38, 18 + mac // 4 * 38, np.array(colours), side=4.5)
    yield text(195, 60, "Each picture is a MAC of layer 1:")
    yield text(195, 80, "the darker a feature, the more often it was on")
    yield text(195, 100, "while the MAC was active.")
    yield text(195, 120, "Sand is outside its receptive field.")


def basis_set(run: Chunk) -> Iterable[str]:
    """The commonest codes of a MAC of the highest layer, each with the mean input that it stands for."""
    mine = np.flatnonzero(run.is_train & run.active[TOP][:, MAC])
    winners, which = np.unique(run.codes[TOP][mine, MAC], axis=0, return_inverse=True)
    counts = np.bincount(which.ravel())
    first = [int(mine[which.ravel() == number][0]) for number in range(len(counts))]
    for place, number in enumerate(sorted(range(len(counts)), key=lambda it: (-counts[it], first[it]))[:5]):
        samples = mine[which.ravel() == number]
        left = 20 + 95 * place
        for cm, winner in enumerate(winners[number].tolist()):
            for neuron in range(8):
                yield rect(left + 8 * cm, 14 + 8 * neuron, 7, BLUE if neuron == winner else PALE)
        mean = on_of(run)[samples].mean(axis=0)
        yield from digit(left, 84, np.array([grey(share) for share in mean]), side=8)
        labels = np.bincount(run.label[samples])
        yield text(left, 164, f"{counts[number]} samples")
        yield text(left, 180, f"class {labels.argmax()}: {labels.max() / labels.sum():.0%}")


def jaccard(one: NDArray[np.bool_], many: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of one with each of many; 0 where nothing is on in either."""
    return (one & many).sum(axis=1) / np.maximum((one | many).sum(axis=1), 1)


def sisc_adherence(run: Chunk) -> Iterable[str]:
    """A sample against all earlier ones: similarity of inputs, and of a MAC's codes."""
    sample = int(np.flatnonzero(run.is_train & run.active[TOP][:, MAC])[400])
    earlier = np.flatnonzero(run.is_train & (run.step < run.step[sample]))
    cells = (run.codes[TOP][:, MAC, :, None] == np.arange(8)).reshape(len(run), -1)
    cells &= run.active[TOP][:, MAC, None]
    u, v = jaccard(on_of(run)[sample], on_of(run)[earlier]), jaccard(cells[sample], cells[earlier])
    yield from axes("similarity of inputs", "similarity of codes")
    places = np.unique(np.column_stack([(u * 30).round(), (v * 110).round()]), axis=0, return_counts=True)
    for (x, y), count in zip(places[0].tolist(), places[1].tolist(), strict=True):
        place, size = f'cx="{50 + 10 * x:.1f}" cy="{150 - y:.1f}"', min(1.5 + count / 4, 6)
        yield f'<circle {place} r="{size:.1f}" fill="{BLUE}" fill-opacity="0.5"/>'
    for place, share in enumerate(("0", "0.5", "1")):
        yield text(50 + 150 * place, 166, share, anchor="middle")
        yield text(44, 154 - 55 * place, share, anchor="end")
    cosine = (u @ v) / (np.sqrt(u @ u) * np.sqrt(v @ v))
    yield text(362, 60, f"sample {sample} against")
    yield text(362, 80, f"{len(earlier)} earlier ones:")
    yield text(362, 100, f"adherence {cosine:.2f}")


def sisc_curve(run: Chunk) -> Iterable[str]:
    """How many winners of a MAC agree, by how alike inputs are: the mean, and a standard deviation on both sides."""
    mine = np.flatnonzero(run.is_train & run.active[TOP][:, MAC])
    inputs, codes, step = on_of(run)[mine], run.codes[TOP][mine, MAC], run.step[mine]
    alike: list[list[NDArray[np.float64]]] = [[] for _ in range(20)]
    for n in range(len(mine)):
        earlier = step < step[n]
        shared = (inputs[earlier] & inputs[n]).sum(axis=1)
        joined = (inputs[earlier] | inputs[n]).sum(axis=1)
        place = np.minimum(20 * shared // np.maximum(joined, 1), 19)
        agreeing = (codes[earlier] == codes[n]).mean(axis=1)
        for number in np.unique(place).tolist():
            alike[number].append(agreeing[place == number])
    yield from axes("similarity of inputs", "winners that agree")
    for place_, share in enumerate(("0", "0.5", "1")):
        yield text(50 + 150 * place_, 166, share, anchor="middle")
        yield text(44, 154 - 55 * place_, share, anchor="end")
    pooled = {number: np.concatenate(found) for number, found in enumerate(alike) if found}
    for number, found in pooled.items():
        x, mean, std = 57.5 + 15 * number, found.mean(), found.std()
        low, high = max(mean - std, 0), min(mean + std, 1)
        yield f'<path d="M{x} {150 - 110 * low:.1f}V{150 - 110 * high:.1f}" stroke="{BLUE}" stroke-opacity="0.5"/>'
        yield f'<circle cx="{x}" cy="{150 - 110 * mean:.1f}" r="3.5" fill="{BLUE}"/>'
    yield text(372, 60, f"{sum(map(len, pooled.values())):,} pairs;")
    yield text(372, 80, f"of {len(pooled[10]):,} alike by")
    yield text(372, 100, f"0.5 to 0.55: {pooled[10].mean():.3f}")


def code_usage(run: Chunk) -> Iterable[str]:
    """The share of wins of each neuron, in each CM of a MAC of the highest layer, in the last epoch."""
    layer = run.layout.layers[TOP]
    mine = run.is_train & (run.epoch == run.epoch[run.is_train].max()) & run.active[TOP][:, MAC]
    for cm in range(layer.num_cms):
        wins = np.bincount(run.codes[TOP][mine, MAC, cm], minlength=layer.num_neurons)
        shares = wins / wins.sum()
        known = shares[shares > 0]
        left = 20 + cm % 3 * 160
        foot = 70 + cm // 3 * 88
        for neuron, share in enumerate(shares.tolist()):
            yield rect(left + neuron * 14, foot - 50 * share, 12, GREEN, height=max(50 * share, 0.5))
        yield f'<path d="M{left} {foot}h{14 * layer.num_neurons}" stroke="{DARK}"/>'
        yield text(left, foot + 16, f"CM {cm}: perplexity {np.exp(-(known * np.log(known)).sum()):.2f}")


def label_information(run: Chunk) -> Iterable[str]:
    """How often each class comes with silence and with each of the commonest codes of a MAC of the highest layer."""
    active = run.active[TOP][run.is_train, MAC]
    label = run.label[run.is_train]
    winners, which = np.unique(run.codes[TOP][run.is_train, MAC], axis=0, return_inverse=True)
    does = np.where(active, which.ravel() + 1, 0)
    table = np.zeros((len(winners) + 1, 10))
    np.add.at(table, (does, label), 1)
    table = table[table.any(axis=1)]
    commonest = table[0 if active.all() else 1 :]
    commonest = commonest[np.argsort(-commonest.sum(axis=1), kind="stable")][:7]
    for row, counts in enumerate([table[0], *commonest] if not active.all() else commonest):
        said = "silent" if not row and not active.all() else f"code {row + active.all()}"
        yield text(20, 40 + 18 * row, said)
        for digit_, share in enumerate((counts / counts.sum()).tolist()):
            yield rect(85 + 20 * digit_, 26 + 18 * row, 17, grey(share))
    for digit_ in range(10):
        yield text(94 + 20 * digit_, 20, str(digit_), anchor="middle")
    share = table / table.sum()
    expected = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    bits = float((share[share > 0] * np.log2(share[share > 0] / expected[share > 0])).sum())
    classes = share.sum(axis=0)
    yield text(310, 60, "The classes of the samples")
    yield text(310, 80, f"for which MAC {MAC} did this.")
    yield text(310, 110, f"All that it did: {bits:.2f} bits")
    yield text(310, 130, f"of the classes&#8217; {-(classes * np.log2(classes)).sum():.2f}")


def layer_value(run: Chunk) -> Iterable[str]:
    """Familiarity over the train samples, one curve for each layer: the mean over the MACs of means while active."""
    yield from axes("train samples", "familiarity, mean over MACs")
    train = np.array_split(np.flatnonzero(run.is_train), 25)
    for layer, colour in enumerate((BLUE, ORANGE, GREEN)):
        values = run.values[layer]["familiarity"].astype(np.float64) * run.active[layer]
        counts = [run.active[layer][part].sum(axis=0) for part in train]
        sums = [values[part].sum(axis=0) for part in train]
        curve = [(s[n > 0] / n[n > 0]).mean() for s, n in zip(sums, counts, strict=True)]
        points = " ".join(f"{50 + 12.5 * i:.1f},{150 - 110 * v:.1f}" for i, v in enumerate(curve))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield text(358, 60 + 24 * layer, f"layer {layer}: {curve[-1]:.2f}")
        yield rect(380, 64 + 24 * layer, 60, colour, height=2)
    for place, share in enumerate(("0", "0.5", "1")):
        yield text(44, 154 - 55 * place, share, anchor="end")


PICTURES: tuple[Callable[[Chunk], Iterable[str]], ...] = (
    num_activations,
    basis_set_size,
    basis_set_size_increase,
    feature_coverage,
    match_accuracy,
    basis_average,
    sisc_adherence,
    sisc_curve,
    code_usage,
    basis_set,
    label_information,
    layer_value,
)


def draw(folder: Path) -> None:
    """Write them all."""
    with st.open_trace(TRACE) as trace:
        run = trace.chunk(0, len(trace))
    for picture in PICTURES:
        said = (picture.__doc__ or "").strip()
        head = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 500 190" width="500" height="190" role="img" '
            'font-family="sans-serif" font-size="13">'
        )
        body = "\n".join([f"<title>{said}</title>", rect(0, 0, 500, "white", height=190), *picture(run)])
        (folder / f"{picture.__name__}.svg").write_text(f"{head}\n{body}\n</svg>\n")


if __name__ == "__main__":
    draw(HERE / "pictures")
