"""The classes of a run, as its masks name them one after the other."""

from livesegment.mask import Mask, is_background


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
        for class_id in sorted(mask.class_map.keys() | mask.coverage().keys()):
            if not self.is_background(class_id):
                self._noted.setdefault(class_id, len(self._noted))

    def name(self, class_id: int) -> str:
        """Return the name of a class, `class 7` for an id that no mask named."""
        return self._named.get(class_id, f"class {class_id}")

    def is_background(self, class_id: int) -> bool:
        """Tell whether a class is the background, which is no object to annotate."""
        return is_background(class_id, self.name(class_id))

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
        return {each: self.name(each) for each in sorted(self._named.keys() | self._noted.keys())}
