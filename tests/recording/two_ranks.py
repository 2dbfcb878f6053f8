"""A training on two ranks, each in a process of its own."""

from __future__ import annotations

import numpy as np
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, samples
from tests.recording.recurrent import RECURRENT_LAYERS, calls_of, each, frames, make_recurrent

NUM_STEPS = 6
BATCH = 4


def make_model() -> Classifier:
    torch.manual_seed(2)
    model = Classifier()
    model.dropout = nn.Identity()  # as each process would draw for itself
    return model


def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.5)


def batch(step: int, rank: int) -> torch.Tensor:
    return samples(BATCH, seed=2 * step + rank)


def is_training(step: int) -> bool:
    return step % 3 < 2


def loss_of(output: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(output, torch.arange(BATCH) % 2)


def train_as_rank(rank: int, folder: str) -> None:
    """Record a run that is resumed once, one that ranks leave at different steps, a pass by itself, and moments."""
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    model = DistributedDataParallel(make_model())
    optimizer = optimizer_of(model)
    for first in (0, NUM_STEPS // 2):
        with record(model, f"{folder}/run.h5", layers=CLASSIFIER_LAYERS, resume=True) as rec:
            for step in range(first, first + NUM_STEPS // 2):
                rec.epoch, rec.labels = first, torch.arange(4) + rank
                model.train(is_training(step))
                optimizer.zero_grad()
                loss_of(model(batch(step, rank))).backward()
                optimizer.step()
        print(rec.path.name)
    for _ in range(2):
        with record(model, f"{folder}/uneven.h5", layers=CLASSIFIER_LAYERS, resume=True) as rec:
            for step in range(2 + rank):
                model.module(batch(step, rank))
        distributed.barrier()
    with record(model, f"{folder}/mine.rank{rank}.h5", layers=CLASSIFIER_LAYERS) as rec:
        model(batch(0, rank))
    print(rec.path.name)
    record_moments(rank, folder)
    distributed.destroy_process_group()


def record_moments(rank: int, folder: str) -> None:
    """Record a recurrent net, three moments a step, beside what a plain hook keeps of it."""
    net = make_recurrent()
    kept = calls_of(net, "code")
    model = DistributedDataParallel(net)
    with record(model, f"{folder}/moments.h5", layers=RECURRENT_LAYERS, calls="each", input=each):
        for step in range(2):
            model(frames(3, 2 * step + rank)).sum().backward()
    np.save(f"{folder}/kept{rank}.npy", kept)
