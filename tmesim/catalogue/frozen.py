"""A mapping that cannot change."""

from __future__ import annotations

from typing import Any, NoReturn


class frozendict(dict[str, Any]):  # noqa: N801  a built-in type in all but name
    """A dict that cannot change, can be hashed and can be pickled (MappingProxyType cannot)."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("the catalogue is frozen; a scenario changes it with set, off and add")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[frozendict], tuple[dict[str, Any]]]:
        return frozendict, (dict(self),)

    def __copy__(self) -> frozendict:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> frozendict:
        return self
