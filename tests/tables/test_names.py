"""The names of tables and of their files."""

from pathlib import Path

from sparsey_trace.metrics import BasisSetSize, FeatureCoverage
from sparsey_trace.tables.names import paths_of, table_names


def test_values_of_whole_layers_have_a_table_of_their_own() -> None:
    assert table_names(BasisSetSize()) == table_names(BasisSetSize) == ["basis_set_size"]
    assert table_names(FeatureCoverage()) == ["feature_coverage", "feature_coverage_layer"]


def test_each_table_is_a_file() -> None:
    assert paths_of(Path("out"), [FeatureCoverage(), BasisSetSize()]) == {
        "feature_coverage": Path("out/feature_coverage.parquet"),
        "feature_coverage_layer": Path("out/feature_coverage_layer.parquet"),
        "basis_set_size": Path("out/basis_set_size.parquet"),
    }
