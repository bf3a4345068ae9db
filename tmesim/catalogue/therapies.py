"""The shapes of therapies: drugs, radiation and surgery, each with its unit of dose and with what it acts on.

A drug goes where blood brings it, and holds a share of its target there. Radiation and surgery act on one tissue, that
in which the tumor begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, model_validator
from pydantic import Field as Key

from tmesim.catalogue.entries import Field, Rule
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import Count, Entry, Names, Number, Numbers, Texts, of_host

Molecule = Literal["antibody", "small_molecule", "bisphosphonate"]
MOLECULES: tuple[str, ...] = get_args(Molecule)
"""Kinds of drugs by what lets them into the tissue of an organ; proteins as large as an antibody count as one."""


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
    """What all treatments share.

    evidence_id : its id among the therapies of the seed documents, "" for one that they do not describe
    rules : that hold in a scenario in which some arm is given it
    """

    label: str
    aliases: Names = ()
    therapy_class: str
    evidence_id: str = ""
    evidence: Texts
    rules: Annotated[dict[str, Rule], AfterValidator(frozendict)] = Key(default={}, validate_default=True)
    meaning: str = ""
    note: str = ""

    @property
    def usual_dose(self) -> Number | None:
        """The dose that is given where nobody says another; None where there is none to choose."""
        return None

    @property
    def regimen(self) -> Regimen | None:
        """The usual course; None of what is done once."""
        return None

    def given_to(self, host: str) -> bool:
        """Whether a host can be treated so."""
        return self.usual_dose is None or host in self.usual_dose.hosts


class Dosed(Therapy):
    """What is given in doses, in a usual course."""

    dose: Number
    schedule: Regimen

    @property
    def usual_dose(self) -> Number:
        return self.dose

    @property
    def regimen(self) -> Regimen:
        return self.schedule


class Drug(Dosed):
    """A drug: where its doses go, and what it does there.

    molecule : what lets it into tissues; access : concentration in the tissue of organs that differ from their usual
        one for such molecules, over that in the tissue of the breast
    """

    kind: Literal["drug"] = "drug"
    delivery: Literal["systemic", "field"] = "systemic"
    molecule: Molecule | None = None
    access: Numbers = Key(default={}, validate_default=True)
    pk: Pharmacokinetics
    tissue: TissueUptake | None = None
    occupancy: Occupancy
    effects: tuple[Effect, ...] = ()
    kills: tuple[Kill, ...] = ()
    field: Field | None = None

    @model_validator(mode="after")
    def _complete(self) -> Drug:
        if (self.field is None) == (self.delivery == "field"):
            raise ValueError("'field' goes with delivery: field, and with it alone")
        if (self.tissue is None) == (self.delivery == "systemic"):
            raise ValueError("'tissue' goes with delivery: systemic, and with it alone")
        if self.access and self.delivery == "field":
            raise ValueError("a drug of a field comes into an organ by the 'exchange' of its vessels, not by 'access'")
        return self


class Survival(Entry):
    """Share of irradiated cells that keep the power to divide: exp(-alpha D - beta D²) for a dose D in Gy."""

    cells: Names = Key(alias="in")
    alpha: Number
    beta: Number


class OxygenEffect(Entry):
    """Cells without oxygen survive as after a dose that is `ratio` times smaller; half of this is lost at `half`.

    A dose counts by (1 + (ratio − 1) p / (p + half)) / ratio, p being the level of the field at the cell (Alper &
    Howard-Flanders 1956 Nature 178:978).
    """

    field: str
    ratio: Number
    half: Number


class Resistance(Entry):
    """A dose counts `to` times in a cell whose state is 1, and in proportion in between."""

    state: str
    to: Number
    evidence: Texts = ()


class Radiation(Dosed):
    """Fractions of radiation that the tissue in which the tumor begins is given.

    state : of cells, 1 in those that a fraction dooms; what that does is said by rules
    resistance : states that make cells resist
    """

    kind: Literal["radiation"]
    state: str
    survival: tuple[Survival, ...] = Key(min_length=1)
    oxygen: OxygenEffect | None = None
    resistance: tuple[Resistance, ...] = ()


class Surgery(Therapy):
    """An operation that takes the tumor, and all within a margin of its cells, out of the tissue in which it begins.

    residual : share of these cells that is left behind, each by its own chance
    wound : dead-cell material that is left, without antigens, at each site from which cells are taken
    """

    kind: Literal["surgery"]
    margin: Number
    residual: Number
    wound: Number


SHAPES: Mapping[str, type[Therapy]] = {"drug": Drug, "radiation": Radiation, "surgery": Surgery}
"""The shape of each kind of therapy."""


def shape_of(entry: Any) -> type[Therapy]:
    """The shape that an entry as it is written should have; that of a drug where it names none that is known."""
    kind = entry.get("kind") if isinstance(entry, Mapping) else None
    return SHAPES.get(kind, Drug) if isinstance(kind, str) else Drug
