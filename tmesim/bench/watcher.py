"""A cell type written in Python. It loads Mesa, so that only a case that has such cells imports it."""

from tmesim.agents import Cell


class Watcher(Cell):
    """Looks around in each step and remembers what it saw. It alters nothing, so that a bare tissue stays equal."""

    cell_type = "watcher"
    layer = "leukocyte"
    behaviors = {"speed": "4 µm/min", "persistence": "5 min"}
    columns = {"hungry": 0, "seen": 0}

    def step(self) -> None:
        self.hungry += self.local("oxygen") < 5.0
        self.seen += len(self.neighbors(cell_type="tumor"))
