"""Arrays as bytes: an .npz whose bytes depend on its arrays alone, and a seal that tells whether data are whole."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping

import numpy as np


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an .npz of these arrays; the same arrays give the same bytes (numpy's own writer compresses
    three times slower and is no smaller on fields)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array).reshape(np.shape(array)), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getbuffer())
    return out.getvalue()


def unpack(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def seal(data: bytes, bond: str = "") -> bytes:
    """The data behind a line with the SHA-256 of them and of what they are bound to."""
    return _bound(data, bond) + b"\n" + data


def unseal(data: bytes, bond: str = "") -> bytes | None:
    """The data, or None when they are not what was sealed, or bound to something else."""
    head, _, body = data.partition(b"\n")
    return body if head == _bound(body, bond) else None


def _bound(data: bytes, bond: str) -> bytes:
    sum_ = hashlib.sha256(bond.encode() + b"\0")
    sum_.update(data)
    return sum_.hexdigest().encode()
