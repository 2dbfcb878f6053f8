"""Other ways to keep what a model's layers put out: one class each, used as they are meant to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from sparsey_trace.demo import Sparsey


class Peer:
    """Keeps the layers' outputs, dense float32, of each forward pass."""

    where = "on disk"

    def __init__(self, model: Sparsey, folder: Path) -> None:
        """Ready for the first pass."""
        self.model, self.folder = model, folder

    def step(self, x: Tensor) -> None:
        """A forward pass, and all that it takes to keep its activations."""
        raise NotImplementedError

    def close(self) -> int:
        """Finish; how many bytes the activations take."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


class SparseyTrace(Peer):
    """Ours."""

    where = "on disk, with inputs and activity"

    def __init__(self, model: Sparsey, folder: Path) -> None:
        """Put the hooks on."""
        from sparsey_trace import record

        super().__init__(model, folder)
        self.recorder = record(model, folder / "run.h5")

    def step(self, x: Tensor) -> None:
        """The hooks do it."""
        self.model(x)

    def close(self) -> int:
        """Close the trace."""
        self.recorder.close()
        return super().close()


class Hooked(Peer):
    """Takes the outputs with plain forward hooks, and puts each pass away at once."""

    def __init__(self, model: Sparsey, folder: Path) -> None:
        """Put the hooks on."""
        super().__init__(model, folder)
        self.outputs: list[Tensor] = []
        for layer in model.layers:
            layer.register_forward_hook(self._take)

    def _take(self, module: nn.Module, args: Any, output: Tensor) -> None:
        self.outputs.append(output)

    def step(self, x: Tensor) -> None:
        """Run, keep, forget."""
        self.model(x)
        self.keep(self.outputs)
        self.outputs.clear()

    def keep(self, outputs: list[Tensor]) -> None:
        """Put the layers' outputs of a pass away."""
        raise NotImplementedError


class TorchSave(Hooked):
    """A file a pass."""

    number = 0

    def keep(self, outputs: list[Tensor]) -> None:
        """Save the list."""
        torch.save(outputs, self.folder / f"{self.number}.pt")
        self.number += 1


class H5py(Hooked):
    """A gzip dataset a layer, which grows with each pass."""

    datasets: list[Any] | None = None

    def keep(self, outputs: list[Tensor]) -> None:
        """Resize and assign."""
        if self.datasets is None:
            self.datasets = self._make(outputs)
        for dataset, output in zip(self.datasets, outputs, strict=True):
            dataset.resize(len(dataset) + len(output), axis=0)
            dataset[-len(output) :] = output.numpy()

    def _make(self, outputs: list[Tensor]) -> list[Any]:
        import h5py

        self.file = h5py.File(self.folder / "run.h5", "w")
        return [
            self.file.create_dataset(
                f"layer{index}",
                shape=(0, *output.shape[1:]),
                maxshape=(None, *output.shape[1:]),
                chunks=tuple(output.shape),
                dtype="float32",
                compression="gzip",
            )
            for index, output in enumerate(outputs)
        ]

    def close(self) -> int:
        """Close the file."""
        self.file.close()
        return super().close()


class Zarr(Hooked):
    """A zarr array a layer with zarr's own compression, which grows with each pass."""

    arrays: list[Any] | None = None

    def keep(self, outputs: list[Tensor]) -> None:
        """Append."""
        if self.arrays is None:
            self.arrays = self._make(outputs)
        for array, output in zip(self.arrays, outputs, strict=True):
            array.append(output.numpy())

    def _make(self, outputs: list[Tensor]) -> list[Any]:
        import zarr

        return [
            zarr.create_array(
                store=self.folder / f"layer{index}",
                shape=(0, *output.shape[1:]),
                chunks=tuple(output.shape),
                dtype="float32",
            )
            for index, output in enumerate(outputs)
        ]


class InMemory(Peer):
    """Keeps the outputs of every pass in memory, as its library gives them."""

    where = "in memory"

    def __init__(self, model: Sparsey, folder: Path) -> None:
        """Nothing is kept yet."""
        super().__init__(model, folder)
        self.kept: list[Tensor] = []

    def close(self) -> int:
        """What the tensors take."""
        return sum(output.nbytes for output in self.kept)


class TorchLens(InMemory):
    """A trace a pass that saves the layers' outputs and nothing else."""

    def step(self, x: Tensor) -> None:
        """Run under its wrappers."""
        import torchlens

        names = [f"layers.{index}" for index in range(len(self.model.layers))]
        options = torchlens.options.CaptureOptions(layers_to_save=names)
        log = torchlens.trace(self.model, x, capture=options)
        self.kept += [log.modules[name].out for name in names]


class NNsight(InMemory):
    """A tracing context a pass that saves the layers' outputs."""

    def __init__(self, model: Sparsey, folder: Path) -> None:
        """Wrap the model."""
        import nnsight

        super().__init__(model, folder)
        self.wrapped = nnsight.NNsight(model)

    def step(self, x: Tensor) -> None:
        """Run in its context."""
        import nnsight

        with self.wrapped.trace(x):
            outputs = nnsight.save([layer.output for layer in self.wrapped.layers])
        self.kept += outputs


PEERS: dict[str, type[Peer]] = {
    "sparsey-trace": SparseyTrace,
    "torch.save": TorchSave,
    "h5py": H5py,
    "zarr": Zarr,
    "nnsight": NNsight,
    "torchlens": TorchLens,
}
