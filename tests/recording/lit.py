"""Models as Lightning trains them, and trainers of small runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from sparsey_trace.demo.configurations import DIGITS
from sparsey_trace.demo.model import Sparsey
from sparsey_trace.recording.lightning import SparseyTraceCallback
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, samples

if TYPE_CHECKING:
    from pathlib import Path


class LitSparsey(pl.LightningModule):
    """The demo's Sparsey inside a module; it learns by itself, without an optimizer."""

    def __init__(self, net: nn.Module | None = None) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.net = Sparsey(DIGITS, seed=5) if net is None else net

    def training_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.net(batch[0])

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.net(batch[0])

    def configure_optimizers(self) -> None:
        """None."""


class LitClassifier(pl.LightningModule):
    """A module that is itself what is recorded, trained by gradient descent."""

    def __init__(self, rate: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        for name, part in Classifier().named_children():
            self.add_module(name, part)
        self.outputs: list[Tensor] = []

    forward = Classifier.forward

    def _loss(self, batch: list[Tensor]) -> Tensor:
        self.outputs.append(self(batch[0]))
        return nn.functional.cross_entropy(self.outputs[-1], batch[1])

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return self._loss(batch)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self._loss(batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.hparams["rate"], momentum=0.9)


def images(count: int) -> DataLoader[Any]:
    """Batches of four of the demo's inputs, with labels."""
    generator = torch.Generator().manual_seed(6)
    x = (torch.rand(count, 8, 8, generator=generator) < 0.3).float()
    return DataLoader(TensorDataset(x, torch.arange(count) % 10), batch_size=4)


def features(count: int) -> DataLoader[Any]:
    """Batches of four of the classifier's inputs, with labels."""
    return DataLoader(TensorDataset(samples(count), torch.arange(count) % 2), batch_size=4)


def classifier_callback(path: Path | str, **options: Any) -> SparseyTraceCallback:
    """What records a `LitClassifier`."""
    return SparseyTraceCallback(path, layers=CLASSIFIER_LAYERS, **options)


def quiet(**options: Any) -> dict[str, Any]:
    """Options of a trainer on the CPU that prints nothing and leaves nothing behind."""
    quiet = dict.fromkeys(
        ("logger", "enable_progress_bar", "enable_model_summary", "enable_checkpointing"), False
    )
    return {**quiet, "accelerator": "cpu", "devices": 1, "max_epochs": 2, **options}


def train_as_rank(folder: str) -> None:
    """Train a classifier on two ranks, of which this process is one, and once more from its checkpoint."""
    for epochs, checkpoint in ((1, None), (2, f"{folder}/last.ckpt")):
        torch.manual_seed(3)
        trainer = pl.Trainer(
            **quiet(devices=2, strategy="ddp", max_epochs=epochs),
            callbacks=[classifier_callback(f"{folder}/run.h5")],
        )
        trainer.fit(LitClassifier(), features(16), features(8), ckpt_path=checkpoint)
        trainer.save_checkpoint(f"{folder}/last.ckpt")
