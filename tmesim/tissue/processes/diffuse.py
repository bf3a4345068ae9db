"""Diffuse: every field comes to balance with its sources and sinks, or moves by one step if it is slow."""

from __future__ import annotations

from tmesim.tissue.field_specs import specs_of
from tmesim.tissue.process import Passed, Patch, Process, Setting


class Diffuse(Process):
    """D∇²c − loss · c + source = 0, or its implicit time form (tissue.fields)."""

    name = "diffuse"
    reads = ("fields.level", "fields.balance")
    writes = ("fields.level",)

    def tune(self, setting: Setting) -> None:
        self.specs = specs_of(setting.catalogue, setting.biology, setting.host)

    def run(self, tissue: Patch, passed: Passed) -> None:
        tissue.solver.tune(self.specs)
        tissue.reports = tissue.solver.solve(tissue.clock.dt, threads=tissue.threads)
