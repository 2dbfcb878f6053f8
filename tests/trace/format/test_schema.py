"""What the schema says of versions, groups and chunks is what the page says, and what a trace holds."""

from __future__ import annotations

import h5py
import pytest

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.format import schema
from tests.trace.feed import LAYOUT, ROOT, VALUE_NAMES, write_closed


def test_every_version_is_registered_and_on_the_page() -> None:
    page = (ROOT / "docs/trace-format.md").read_text()
    assert max(schema.READABLE) == schema.VERSION
    assert not set(schema.READABLE) & schema.LAST_READ_BY.keys()
    assert {*schema.READABLE, *schema.LAST_READ_BY} == set(range(1, schema.VERSION + 1))
    assert page.startswith(f"# The trace format, version {schema.VERSION}\n")
    for version, (first, last) in schema.LAST_READ_BY.items():
        assert f"| {version} | commits {first} to {last}" in page
    for version in schema.READABLE:
        assert f"| {version} | this program |" in page


@pytest.fixture
def groups_and_datasets(tmp_path) -> tuple[set[str], set[str]]:
    found: tuple[set[str], set[str]] = set(), set()
    with h5py.File(write_closed(tmp_path / "run.h5", steps=3)) as file:
        file.visititems(lambda name, item: found[isinstance(item, h5py.Dataset)].add(f"/{name}"))
    return found


def test_groups(groups_and_datasets: tuple[set[str], set[str]]) -> None:
    groups, datasets = groups_and_datasets
    assert {name for name in groups | datasets if schema.is_group(name)} == groups


def test_columns_are_the_datasets_that_grow(groups_and_datasets: tuple[set[str], set[str]]) -> None:
    _, datasets = groups_and_datasets
    columns = {f"/{column.path}" for column in schema.columns(LAYOUT, "binary", VALUE_NAMES)}
    assert columns <= datasets
    assert {f"/tail{path}" for path in columns} | {"/tail/checksums"} == {
        path for path in datasets if path.startswith("/tail/")
    }


@pytest.mark.parametrize(
    ("num_macs", "shape"), [(1, (64, 1, 3)), (16, (64, 16, 3)), (17, (64, 16, 3)), (144, (64, 16, 3))]
)
def test_codes_are_cut_into_groups_of_16_macs(num_macs: int, shape: tuple[int, ...]) -> None:
    layer = LayerLayout(
        name="v1", num_macs=num_macs, num_cms=3, num_neurons=300, connections=[[0]] * num_macs
    )
    columns = {c.path: c for c in schema.columns(Layout(num_features=1, layers=[layer]), "none")}
    codes, active = columns["layers/0/codes"], columns["layers/0/active"]
    assert (codes.chunk_shape(64), codes.dtype.str) == (shape, "<u2")
    assert (active.chunk_shape(64), active.bits) == ((64, -(-num_macs // 8)), num_macs)
    assert codes.sample_bytes == num_macs * 3 * 2
    assert "inputs" not in columns


@pytest.mark.parametrize(
    ("num_neurons", "bits", "macs"),
    [(2, 2, 32), (4, 2, 32), (5, 4, 16), (16, 4, 16), (17, 0, 16), (300, 0, 16)],
)
def test_winners_of_few_neurons_are_packed(num_neurons: int, bits: int, macs: int) -> None:
    layer = LayerLayout(name="v1", num_macs=40, num_cms=3, num_neurons=num_neurons, connections=[[0]] * 40)
    layout = Layout(num_features=1, layers=[layer])
    assert schema.code_bits(layer) == bits
    written, earlier = (
        next(
            column
            for column in schema.columns(layout, "none", bits=of_layers)
            if column.path.endswith("codes")
        )
        for of_layers in ((), (0,))
    )
    assert (written.chunk_shape(64), earlier.chunk_shape(64)) == ((64, macs, 3), (64, 16, 3))
    assert (written.codec is earlier.codec) == (not bits)


@pytest.mark.parametrize("sample_bytes", [1, 100, 1000, 3000, 10_000, 10**6])
def test_a_chunk_is_a_power_of_two_within_bounds(sample_bytes: int) -> None:
    samples = schema.samples_per_chunk(sample_bytes)
    assert samples.bit_count() == 1
    assert 64 <= samples <= 4096
    assert samples == 64 or samples * sample_bytes <= 4 << 20
