"""The shapes of therapies: drugs, radiation, surgery and removals, each with its unit of dose and what it acts on.

A drug goes where blood brings it, and holds a share of its target there. Radiation, surgery and removals act on one
tissue, that in which the tumor begins.
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
    """One or two compartments; volumes and clearances per kg of body weight where the dose is per kg.

    compartments : 1, or 2 with a peripheral volume and an exchange between them
    clearance : how fast plasma is freed of the drug (L/h/kg, or L/h with a flat dose)
    central_volume : the volume in which a dose first spreads, that of plasma and what mixes with it fast (L/kg, or
        L)
    peripheral_volume : the volume of the second compartment (L/kg, or L); with `compartments: 2` alone
    intercompartment : how fast the two compartments exchange (L/h/kg, or L/h); with `compartments: 2` alone
    molar_mass : the mass of a molecule (kDa), by which mg become nM
    absorption : how fast a dose that is swallowed or injected beside a vein comes into plasma (1/h); at once where
        nothing is said
    bioavailability : the share of a dose that comes into plasma, 0 to 1; all of it where nothing is said
    unbound : the share of the drug in plasma that can leave it, 0 to 1; all of it where nothing is said
    """

    compartments: Literal[1, 2]
    clearance: Number
    central_volume: Number
    peripheral_volume: Number | None = None
    intercompartment: Number | None = None
    molar_mass: Number
    absorption: Number | None = None
    bioavailability: Number | None = None
    unbound: Number | None = None

    @model_validator(mode="after")
    def _complete(self) -> Pharmacokinetics:
        for name in ("peripheral_volume", "intercompartment"):
            if (getattr(self, name) is None) == (self.compartments == 2):
                raise ValueError(f"'{name}' goes with compartments: 2, and with it alone")
        return self


class TissueUptake(Entry):
    """The effect compartment: dCe/dt = rate (partition · unbound · Cp − Ce).

    partition : the level in tissue over that in plasma when both are in balance, a factor
    rate : how fast tissue follows plasma (1/h)
    """

    partition: Number
    rate: Number


class Occupancy(Entry):
    """Share of the target that is held: c / (c + kd).

    kd : the concentration at which half of the target is held (nM; of a drug with a field in the unit of the
        field)
    """

    kd: Number


class Regimen(Entry):
    """How often a course gives the dose, and how many times.

    every : the time between two doses of a course (h)
    times : how many doses a course has, a whole number
    """

    every: Number
    times: Count

    def times_at(self, host: str) -> int:
        return int(of_host(self.times, host))


class Effect(Entry):
    """A drug blocks a fraction of a signal, or scales a behavior toward a factor, in proportion to its occupancy.

    blocks : the signal that is blocked; with `fraction`
    scales : the behavior that is scaled; with `to`
    cells : the cell types in which it acts; all of them where nothing is said
    fraction : the share of the signal that full occupancy takes away, 0 to 1
    to : the factor of the behavior at full occupancy
    evidence : ids of claims, or authors, year and journal, for this effect
    note : a remark for those who maintain the entry
    """

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

    state : `resting` cells (in the blood, naive and stem-like) or `dividing` ones (in the program of priming)
    cells : the types that it kills; all of them where nothing is said
    rate : how fast they die at full occupancy (1/h)
    evidence : ids of claims, or authors, year and journal, for this effect
    note : a remark for those who maintain the entry
    """

    state: Literal["dividing", "resting"]
    cells: Names = Key(default=(), alias="in")
    rate: Number
    evidence: Texts = ()
    note: str = ""


class Therapy(Entry):
    """What all treatments share.

    label : what people call the treatment, with its usual drug
    aliases : other names under which an arm can give it, such as that of the drug
    synonyms : further words for it, such as brand names; an arm can give it by these too
    therapy_class : the class of treatment that it belongs to, such as immune checkpoint blockade
    evidence_id : its id among the therapies of the seed documents, empty for one that they do not describe
    evidence : ids of claims, or authors, year and journal, for why it is thought to work
    rules : further rules by name, that hold in a scenario in which some arm is given it
    meaning : what a reader should know of the treatment, in a sentence or two
    note : a remark for those who maintain the entry
    """

    label: str
    aliases: Names = ()
    synonyms: Names = ()
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
    """What is given in doses, in a usual course.

    dose : the usual dose (mg/kg, mg or mg/m²; of radiation Gy; of a removal a share)
    schedule : the usual course: how often the dose is given, and how many times
    """

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

    kind : `drug`, which is what a therapy is unless it says otherwise
    delivery : systemic (plasma, tissue, target), or field: what perfused vessels feed and diffuses from there
    molecule : what lets it into tissues, by the kind of molecule
    access : concentration in the tissue of organs that differ from their usual one for such molecules, over that
        in the tissue of the breast: a factor by organ
    pk : where a dose goes in the body
    tissue : how tissue follows plasma; of a systemic drug alone
    occupancy : how much of the target is held at which concentration
    effects : what it does in cells, in proportion to its occupancy
    kills : leukocytes that it kills in blood and lymph node
    field : how it diffuses in the tissue; with `delivery: field` alone
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
    """Share of irradiated cells that keep the power to divide: exp(-alpha D - beta D²) for a dose D in Gy.

    cells : the cell types that survive so
    alpha : damage that grows with the dose (1/Gy)
    beta : damage that grows with the square of the dose (1/Gy²)
    """

    cells: Names = Key(alias="in")
    alpha: Number
    beta: Number


class OxygenEffect(Entry):
    """Cells without oxygen survive as after a dose that is `ratio` times smaller; half of this is lost at `half`.

    A dose counts by (1 + (ratio − 1) p / (p + half)) / ratio, p being the level of the field at the cell (Alper &
    Howard-Flanders 1956 Nature 178:978).

    field : the field that sensitizes cells to radiation, oxygen
    ratio : how many times larger a dose must be without the field, the oxygen enhancement ratio, a factor of 1 or
        more
    half : the level at which half of the protection is lost, in the unit of the field
    """

    field: str
    ratio: Number
    half: Number


class Resistance(Entry):
    """A dose counts `to` times in a cell whose state is 1, and in proportion in between.

    state : the state of a cell that makes it resist
    to : the factor by which a dose counts where the state is 1
    evidence : ids of claims, or authors, year and journal, for this resistance
    """

    state: str
    to: Number
    evidence: Texts = ()


class Radiation(Dosed):
    """Fractions of radiation that the tissue in which the tumor begins is given.

    kind : `radiation`, which sets it apart from a drug
    state : the state of cells that is 1 in those that a fraction dooms; what that does is said by rules
    survival : how many cells keep the power to divide, by cell type
    oxygen : how the lack of oxygen protects cells
    resistance : states that make cells resist
    """

    kind: Literal["radiation"]
    state: str
    survival: tuple[Survival, ...] = Key(min_length=1)
    oxygen: OxygenEffect | None = None
    resistance: tuple[Resistance, ...] = ()


class Surgery(Therapy):
    """An operation that takes the tumor, and all within a margin of its cells, out of the tissue in which it begins.

    kind : `surgery`, which sets it apart from a drug
    margin : how far around each tumor cell everything is taken out (µm)
    residual : share of these cells that is left behind, each by its own chance, 0 to 1
    wound : dead-cell material that is left, without antigens, at each site from which cells are taken (cells)
    """

    kind: Literal["surgery"]
    margin: Number
    residual: Number
    wound: Number


class Mark(Entry):
    """Cells that are told from others of their type by a state.

    state : the state of the cell
    at_least : the value from which on a cell is meant, 0 to 1
    """

    state: str
    at_least: Number


class Removal(Dosed):
    """A share of the cells of some types is taken out of the tissue in which the tumor begins, and leaves no trace.

    The dose is that share. Each cell is asked once in its life, by its own chance: one that a share spares is spared
    as long as the share stays, and a larger share takes the same cells and more. Repeated, it is asked of the cells
    that came since, so that the share is kept away.

    kind : `removal`, which sets it apart from a drug
    cells : the cell types of which a share is meant
    marked : by which state such cells are told from others; all of the types where nothing is said
    instead : types of which as many other cells are taken, by chance, while those that are meant stay: a sham
    """

    kind: Literal["removal"]
    cells: Names = Key(alias="in", min_length=1)
    marked: Mark | None = None
    instead: Names = ()


SHAPES: Mapping[str, type[Therapy]] = {"drug": Drug, "radiation": Radiation, "surgery": Surgery, "removal": Removal}
"""The shape of each kind of therapy."""


def shape_of(entry: Any) -> type[Therapy]:
    """The shape that an entry as it is written should have; that of a drug where it names none that is known."""
    kind = entry.get("kind") if isinstance(entry, Mapping) else None
    return SHAPES.get(kind, Drug) if isinstance(kind, str) else Drug
