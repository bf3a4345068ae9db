"""Cases that ask what it costs to step a tissue as a Mesa model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.bench.measuring import in_turn, of_tissue, peak_rss, ratios

if TYPE_CHECKING:
    from tmesim.model import TumorModel
    from tmesim.scenario import Scenario


@dataclass(frozen=True)
class MesaCase:
    """A model and a copy of its tissue, in turn: the difference is what Mesa and handles cost.

    looks : all handles are taken once, before the first step that is timed, and held
    agents : how many of the cells have a `step()` in Python
    """

    name: str
    make: Callable[[int], Scenario]
    sites: int
    warm: int
    steps: int
    looks: bool = False
    agents: int = 0

    def measure(self) -> dict[str, Any]:
        """Figures of the model, and how much longer its step takes than that of the tissue alone, as a fraction."""
        model = self._model()
        for _ in range(self.warm):
            model.step()
        held = model.agents.to_list() if self.looks else []
        peak = peak_rss()  # before the copy comes
        alone = model.body.copy()
        taken, bare = in_turn((model.step, model.body), (alone.step, alone), self.steps)
        cost, *quartiles = (ratio - 1.0 for ratio in ratios(taken, bare))
        return of_tissue(self.name, model.body, taken, peak) | {
            "cost_over_tissue": cost,
            "cost_quartiles": quartiles,
            "handles_held": len(held),
            "python_agents": self.agents,
            "same_state": model.body.hash() == alone.hash(),
        }

    def _model(self) -> TumorModel:
        from tmesim.model import TumorModel

        if not self.agents:
            return TumorModel(self.make(self.sites))
        from tmesim.bench.watcher import Watcher
        from tmesim.kernels.arrays import EMPTY, PAD

        model = TumorModel(self.make(self.sites), agent_classes=Watcher)
        free = np.argwhere(model.tissue.layers.leukocyte[PAD:-PAD, PAD:-PAD] == EMPTY)
        for y, x in np.random.default_rng(1).choice(free, self.agents, replace=False):
            Watcher(model, site=(y, x))
        return model
