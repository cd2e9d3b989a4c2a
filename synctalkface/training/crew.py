"""The processes that train one model together, each on its part of every batch: what they tell each other.

W processes. Every exchange passes gradients on, so that W processes compute what one would compute alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.functional import pad

from synctalkface.errors import TrainingError


@dataclass(frozen=True)
class Crew:
    """One process among all of them. Alone, every exchange is the identity."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def first(self) -> bool:
        """Is this the process that writes the files and talks?"""
        return self.rank == 0

    def share(self, count: int, of: str) -> slice:
        """Which of `count` things, called `of`, are this process's. TrainingError if they cannot be shared evenly."""
        if count % self.size:
            raise TrainingError(
                f"{of} is {count}, which {self.size} processes cannot share evenly. Set a multiple of {self.size}."
            )
        part = count // self.size
        return slice(self.rank * part, (self.rank + 1) * part)

    def gather(self, mine: Tensor) -> Tensor:
        """What each process has, (...) of one shape -> (W, ...). The gradient of a part goes back to whose it is."""
        if self.size == 1:
            return mine[None]
        gathered: Tensor = _Gather.apply(mine, self)  # type: ignore[no-untyped-call]  # torch's signature
        return gathered

    def mean(self, mine: Tensor) -> Tensor:
        """The mean over the processes."""
        return mine if self.size == 1 else self.gather(mine).mean(0)

    def rows(self, mine: Tensor) -> Tensor:
        """The rows of all processes below each other: (N, ...) -> (sum of N, ...). They may have different numbers."""
        if self.size == 1:
            return mine
        counts = [int(count) for count in self.gather(torch.tensor(len(mine), device=mine.device))]
        filled = pad(mine, [0, 0] * (mine.dim() - 1) + [0, max(counts) - len(mine)])
        return torch.cat([part[:count] for part, count in zip(self.gather(filled), counts, strict=True)])

    def numbers(self, terms: dict[str, Tensor]) -> dict[str, float]:
        """The means of named scalars over the processes, as plain numbers; one exchange, one wait for the device."""
        values = self.mean(torch.stack([term.detach().float() for term in terms.values()]))
        return dict(zip(terms, values.tolist(), strict=True))

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Put the mean of the processes' gradients into each of them."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        together = torch.cat([gradient.reshape(-1) for gradient in gradients])  # one exchange for all
        distributed.all_reduce(together)
        together /= self.size
        for gradient, part in zip(gradients, torch.split(together, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def follow_first(self, *modules: nn.Module) -> None:
        """Give every process the first one's weights and statistics."""
        for module in modules if self.size > 1 else ():
            for tensor in module.state_dict().values():
                distributed.broadcast(tensor, 0)

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.size > 1:
            distributed.barrier()

    def first_says(self, yes: bool) -> bool:
        """What the first process found, where a measurement may come out differently in each."""
        if self.size == 1:
            return yes
        word = torch.tensor(int(yes), device=self.device)
        distributed.broadcast(word, 0)
        return bool(word)


class _Gather(torch.autograd.Function):
    """Forward: all parts, stacked. Backward: the sum of what all processes want of this one's part."""

    @staticmethod
    def forward(ctx: Any, mine: Tensor, crew: Crew) -> Tensor:
        ctx.crew = crew
        parts = [torch.empty_like(mine, memory_format=torch.contiguous_format) for _ in range(crew.size)]
        distributed.all_gather(parts, mine.contiguous())
        return torch.stack(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        wanted = gradients[0].contiguous().clone()
        distributed.all_reduce(wanted)
        return wanted[ctx.crew.rank], None
