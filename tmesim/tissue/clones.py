"""Clones: who descends from which mutant, and by which factors its behaviors differ from those of its founders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.catalogue import vocabulary

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.catalogue.compile import Biology

MOST = int(np.iinfo(np.uint16).max)  # the numbers that the column `clone` can hold


class Clones:
    """The clones of a tissue by number: 0 for none, then those of the start, then those that mutants have founded.

    mother : uint16 (founded,), the clone in which each arose; hour : float32 (founded,), when; factor : float32
    (founded, heritable), over the clone of the start that it descends from
    """

    def __init__(self, catalogue: Catalogue, biology: Biology) -> None:
        self.heritable: list[str] = []
        self.mother = np.empty(0, np.uint16)
        self.hour = np.empty(0, np.float32)
        self.factor = np.empty((0, 0), np.float32)
        self.tune(catalogue, biology)

    def tune(self, catalogue: Catalogue, biology: Biology) -> None:
        """Take over the biology in force."""
        cells, self._biology = catalogue.cells, biology
        owner = next((cell for cell in biology.types if cells[cell].malignant), None)
        self.heritable = list(cells[owner].heritable) if owner is not None else []
        if self.factor.shape[1] != len(self.heritable):
            self.factor = np.ones((self.mother.size, len(self.heritable)), np.float32)
        words = vocabulary.of(catalogue).behaviors
        self._columns = [biology.index(str(owner), name) for name in self.heritable]
        resting = [cells[str(owner)].behaviors[name].at(biology.host) for name in self.heritable]
        pairs = zip(self.heritable, resting, strict=True)
        self._most = np.array([words[name].most / value if value > 0 else np.inf for name, value in pairs], np.float32)
        self._expand()

    @property
    def first(self) -> int:
        """The number of the first clone that a mutant founds."""
        return int(self._biology.clone_factor.shape[0])

    @property
    def last(self) -> int:
        """The highest number that is taken."""
        return self.first - 1 + self.mother.size

    def found(self, mothers: np.ndarray, hour: float, factors: np.ndarray) -> np.ndarray:
        """New clones, as many as there are numbers left for; their numbers, (new,) uint16.

        mothers : (n,) the clones in which they arise; factors : (n, heritable) over these
        """
        new = slice(0, max(min(mothers.size, MOST - self.last), 0))
        numbers = np.arange(self.last + 1, self.last + 1 + mothers[new].size).astype(np.uint16)
        grown = mothers[new].astype(np.int64) - self.first
        before = np.ones((grown.size, len(self.heritable)), np.float32)
        before[grown >= 0] = self.factor[grown[grown >= 0]]
        self.mother = np.concatenate([self.mother, mothers[new].astype(np.uint16)])
        self.hour = np.concatenate([self.hour, np.full(numbers.size, hour, np.float32)])
        self.factor = np.concatenate([self.factor, (before * factors[new]).astype(np.float32)])
        self._expand()
        return numbers

    def descent(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of some clones, the clone of the start that each descends from, uint16 (n,), and the factors of its behaviors
        over that one, float32 (n, heritable)."""
        root = np.arange(self.last + 1, dtype=np.uint16)
        for number, mother in enumerate(self.mother.tolist(), start=self.first):
            root[number] = root[mother]
        grown = numbers.astype(np.int64) - self.first
        factor = np.ones((grown.size, len(self.heritable)), np.float32)
        factor[grown >= 0] = self.factor[grown[grown >= 0]]
        return root[numbers], factor

    def _expand(self) -> None:
        """Factors of all behaviors of each clone, (clones, behaviors) float32; those of shares end at 1."""
        root = np.arange(self.last + 1)
        for number, mother in enumerate(self.mother.tolist(), start=self.first):
            root[number] = root[mother]
        self.factors = self._biology.clone_factor[root]
        for i, column in enumerate(self._columns):
            self.factors[self.first :, column] *= self.factor[:, i]
            self.factors[:, column] = np.minimum(self.factors[:, column], self._most[i])

    def state(self) -> dict[str, np.ndarray]:
        """All that changes, as copies."""
        return {name: getattr(self, name).copy() for name in ("mother", "hour", "factor")}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned."""
        for name in ("mother", "hour", "factor"):
            setattr(self, name, state[name].copy())
        self._expand()
