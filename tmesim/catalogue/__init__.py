"""The biology as data: cell types, states, rules, fields, matrix maps, processes and therapies, each with its evidence.

`load_catalogue()` reads the packaged YAML. One function, `Catalogue.entries`, walks everything; menus, contract tests
and the evidence table all use it, so that a new entry is listed, explained and tested by existing.
"""

from tmesim.catalogue.bounds import NumberSpec
from tmesim.catalogue.catalogue import Catalogue
from tmesim.catalogue.claims import claims, unmodeled
from tmesim.catalogue.contents import Parameter, folded
from tmesim.catalogue.entries import CellType, Field, MatrixMap, Process, Rule, StateVariable
from tmesim.catalogue.hosts import Host, catalogue_of, host_named, hosts
from tmesim.catalogue.models import KINDS
from tmesim.catalogue.numbers import HOSTS, Number
from tmesim.catalogue.organs import BREAST, Organ, access, catalogue_in, organ_named, organs, reaches
from tmesim.catalogue.packaged import assemble, load_catalogue, validated
from tmesim.catalogue.therapies import Drug, Radiation, Removal, Surgery, Therapy
from tmesim.catalogue.vocabulary import Word

__all__ = [
    "BREAST",
    "HOSTS",
    "KINDS",
    "Catalogue",
    "CellType",
    "Drug",
    "Field",
    "Host",
    "MatrixMap",
    "Number",
    "NumberSpec",
    "Organ",
    "Parameter",
    "Process",
    "Radiation",
    "Removal",
    "Rule",
    "StateVariable",
    "Surgery",
    "Therapy",
    "Word",
    "access",
    "assemble",
    "catalogue_in",
    "catalogue_of",
    "claims",
    "folded",
    "host_named",
    "hosts",
    "load_catalogue",
    "organ_named",
    "organs",
    "reaches",
    "unmodeled",
    "validated",
]
