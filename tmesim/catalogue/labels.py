"""What cell types and substances are called in a sentence, from the labels of the catalogue."""

from __future__ import annotations

from tmesim.catalogue.contents import Contents


def plural(contents: Contents, cell: str) -> str:
    """Several cells of a type."""
    label = contents.cells[cell].label if cell in contents.cells else cell.replace("_", " ") + " cell"
    return label if label.endswith(("s", "debris")) else f"{label}s"


def substance(contents: Contents, name: str) -> str:
    """What diffuses or lies at a site, by its label."""
    therapy = contents.drugs.get(name.removeprefix("drug_"))
    if name.startswith("drug_") and therapy is not None and therapy.field is not None:
        return therapy.field.label or name
    entry = contents.fields.get(name) or contents.matrix.get(name)
    return (entry.label if entry is not None else "") or name.replace("_", " ")
