"""The page as three people see it, what axe-core finds wrong in it, and pictures to look at."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from conftest import need_package

axe = need_package("axe_playwright_python.sync_playwright", extra="test")

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOOKS = {"light": (1366, 768), "dark": (1366, 768), "phone": (390, 844)}
"""By name, how wide and high the window is; all but the dark one are light."""

_PICTURES = os.environ.get("LIVESEGMENT_TEST_PICTURES")
"""Folder in which pictures of pages are kept; None: they are not."""


def look(tab: "Page", name: str) -> None:
    """Show a page as one of `LOOKS`, without movement."""
    width, height = LOOKS[name]
    scheme = "dark" if name == "dark" else "light"
    tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tab.set_viewport_size({"width": width, "height": height})


def looks(tab: "Page") -> Iterator[str]:
    """Show a page in each of `LOOKS`, the first once more at the end."""
    for name in LOOKS:
        look(tab, name)
        yield name
    look(tab, next(iter(LOOKS)))


def keep_picture(tab: "Page", name: str) -> None:
    """Keep a picture of what is shown, if pictures are wanted."""
    if _PICTURES is not None:
        # Told where to write, Playwright leaves a thread behind.
        (Path(_PICTURES) / f"{name}.png").write_bytes(tab.screenshot())


def found(tab: "Page") -> list[str]:
    """Return what axe-core finds wrong, with the elements that it is about."""
    violations = axe.Axe().run(tab).response["violations"]
    return [
        f"{each['id']}, {each['impact']}: {node['html'][:200]} {node['failureSummary']}"
        for each in violations
        for node in each["nodes"]
    ]
