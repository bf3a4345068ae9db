"""The shape of a therapy: where a dose goes, how much of its target it holds, and what that does to cells."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator
from pydantic import Field as Key

from tmesim.catalogue.entries import Field, Rule
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import Count, Entry, Names, Number, Texts, of_host


class Pharmacokinetics(Entry):
    """One or two compartments; volumes and clearances per kg of body weight where the dose is per kg."""

    compartments: Literal[1, 2]
    clearance: Number
    central_volume: Number
    peripheral_volume: Number | None = None
    intercompartment: Number | None = None
    molar_mass: Number
    absorption: Number | None = None
    bioavailability: Number | None = None
    unbound: Number | None = None  # share of a drug in plasma that can leave it; all of it where nothing is said

    @model_validator(mode="after")
    def _complete(self) -> Pharmacokinetics:
        for name in ("peripheral_volume", "intercompartment"):
            if (getattr(self, name) is None) == (self.compartments == 2):
                raise ValueError(f"'{name}' goes with compartments: 2, and with it alone")
        return self


class TissueUptake(Entry):
    """The effect compartment: dCe/dt = rate (partition · unbound · Cp − Ce)."""

    partition: Number
    rate: Number


class Occupancy(Entry):
    """Share of the target that is held: c / (c + kd)."""

    kd: Number


class Regimen(Entry):
    """How often a course gives the dose, and how many times."""

    every: Number
    times: Count

    def times_at(self, host: str) -> int:
        return int(of_host(self.times, host))


class Effect(Entry):
    """A drug blocks a fraction of a signal, or scales a behavior toward a factor, in proportion to its occupancy."""

    blocks: str | None = None
    scales: str | None = None
    cells: Names = Key(default=(), alias="in")
    fraction: Number | None = None
    to: Number | None = None
    evidence: Texts = ()
    note: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Effect:
        blocking = self.blocks is not None and self.fraction is not None and self.scales is None and self.to is None
        scaling = self.scales is not None and self.to is not None and self.blocks is None and self.fraction is None
        if not blocking and not scaling:
            raise ValueError("an effect is either {blocks: SIGNAL, in: […], fraction: …} or {scales: BEHAVIOR, to: …}")
        return self


class Kill(Entry):
    """A drug kills leukocytes in the blood and in lymph nodes at a rate, in proportion to its occupancy.

    state : "resting" ones (in the blood, naive and stem-like) or "dividing" ones (in the program of priming)
    cells : the types that it kills; all of them where nothing is said
    """

    state: Literal["dividing", "resting"]
    cells: Names = Key(default=(), alias="in")
    rate: Number
    evidence: Texts = ()
    note: str = ""


class Therapy(Entry):
    """A treatment: where its doses go, and what it does there.

    evidence_id : its id among the therapies of the seed documents, "" for an experiment that they do not describe
    """

    label: str
    aliases: Names = ()
    therapy_class: str
    evidence_id: str = ""
    evidence: Texts
    delivery: Literal["systemic", "field"] = "systemic"
    pk: Pharmacokinetics
    tissue: TissueUptake | None = None
    occupancy: Occupancy
    dose: Number
    schedule: Regimen
    effects: tuple[Effect, ...] = ()
    kills: tuple[Kill, ...] = ()
    rules: Annotated[dict[str, Rule], AfterValidator(frozendict)] = Key(default={}, validate_default=True)
    field: Field | None = None
    meaning: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Therapy:
        if (self.field is None) == (self.delivery == "field"):
            raise ValueError("'field' goes with delivery: field, and with it alone")
        if (self.tissue is None) == (self.delivery == "systemic"):
            raise ValueError("'tissue' goes with delivery: systemic, and with it alone")
        return self
