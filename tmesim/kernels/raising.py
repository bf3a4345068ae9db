"""Raising: how much of a hazard of a cell is due to the groups of rules that raise it.

With the factor  f_g = level / base  of each group above 1, and  L = Σ ln f_g,  a cell that dies at the hazard would not
have died of it without them in the share  1 − exp(−L)  of cases; each group has the part  ln f_g / L  of that.
"""

import numpy as np

from tmesim.kernels.bodies import count_around
from tmesim.kernels.compiling import kernel
from tmesim.kernels.sense import perceive, pull
from tmesim.kernels.touch import count_contacts

MOST_LOG = 30.0  # of a hazard that is nothing at rest: all of it is due to what raises it


@kernel
def shares(rows, behaviors, place, most, now, cells, layers, maps, rules, inputs):
    """The share of each raising group in the hazards of some cells, (n, most) float64.

    rows : (n,) of the cells; behaviors : (n,) index of the hazard over all types; place : int64 (groups,), the place of
    a group among those that raise its behavior, −1 of one that does not
    """
    found = np.zeros((rows.size, most))
    signals = np.zeros((rules.signals.size, 1), dtype=np.float32)
    contacts = np.zeros((rules.kinds.size, 1), dtype=np.float32)
    who = np.empty((4, 1), dtype=np.uint32)
    level = np.empty(1, dtype=np.float32)
    total = np.empty(1, dtype=np.float32)
    for i in range(rows.size):
        row = rows[i]
        kind = np.int64(cells.type[row])
        who[0, 0] = row
        who[1, 0] = np.int64(cells.core[row].y)
        who[2, 0] = np.int64(cells.core[row].x)
        who[3, 0] = cells.clone[row]
        if rules.kinds[kind].needs:
            count_contacts(np.int64(who[1, 0]), np.int64(who[2, 0]), kind, cells, layers, contacts)
            if cells.core[row].extent > 0:
                count_around(row, cells, layers, contacts, 0)
        perceive(kind, 1, who, now, cells, layers, maps, rules, inputs, signals, contacts)
        whole = 0.0
        for g in range(rules.group_first[behaviors[i]], rules.group_first[behaviors[i] + 1]):
            if place[g] < 0:
                continue
            base = rules.groups[g].base
            level[0] = base
            middle = rules.groups[g].down_first
            pull(level, rules.groups[g].highest, rules.groups[g].up_first, middle, 1, rules, signals, total)
            if rules.groups[g].term_end > middle:
                pull(level, rules.groups[g].lowest, middle, rules.groups[g].term_end, 1, rules, signals, total)
            if level[0] > base:
                log = min(np.log(np.float64(level[0]) / np.float64(base)), MOST_LOG) if base > 0.0 else MOST_LOG
                found[i, place[g]] = log
                whole += log
        if whole > 0.0:
            for k in range(most):
                found[i, k] *= -np.expm1(-whole) / whole
    return found
