"""The classes of a data set: their ids, their numbers, and what they may be called."""

from collections.abc import Callable, Mapping, Sequence

from livesegment.mask import Mask, background_ids, name_of_unnamed, unclassed_ids


class ClassBook:
    """Collects the classes of masks. The first name that an id is given stays."""

    def __init__(self) -> None:
        self._named: dict[int, str] = {}
        self._noted: dict[int, int] = {}

    def note(self, mask: Mask) -> None:
        """Take note of the classes that a mask names and of those that occur in it."""
        for class_id, name in mask.class_map.items():
            if name:
                self._named.setdefault(class_id, name)
        unclassed = self.unclassed
        for class_id in sorted(mask.class_map.keys() | mask.coverage().keys()):
            if class_id not in unclassed:
                self._noted.setdefault(class_id, len(self._noted))

    def name(self, class_id: int) -> str:
        """Return the name of a class, `class 7` for an id that no mask named."""
        unnamed = name_of_unnamed(class_id, background_ids(self._named))
        return self._named.get(class_id, unnamed)

    @property
    def unclassed(self) -> frozenset[int]:
        """Ids that are no class to annotate: the background's, and void."""
        return unclassed_ids(self._named)

    def index(self, class_id: int) -> int:
        """Return the number of a noted class, counted without gaps as they were noted."""
        return self._noted[class_id]

    @property
    def noted(self) -> list[int]:
        """Ids of all classes noted so far without the background, by their `index`."""
        return list(self._noted)

    @property
    def all_names(self) -> dict[int, str]:
        """Names of all classes, background included, by ascending id."""
        ids = self._named.keys() | self._noted.keys() | background_ids(self._named)
        return {each: self.name(each) for each in sorted(ids)}


def distinct(
    names: Mapping[int, str], clean: Callable[[str], str], taken: Sequence[str] = ()
) -> dict[int, str]:
    """Return names as a format can hold them, no two alike.

    Args:
        names: Names of classes, by their ids.
        clean: What the format makes of a name.
        taken: What none may be called.
    """
    written: dict[int, str] = {}
    for class_id, name in names.items():
        text = clean(name)
        while text in taken or text in written.values():
            text = f"{text} {class_id}"
        written[class_id] = text
    return written
