"""The page of `annotate --report` in a real browser, opened from the disk."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import need_package, skip_or_fail
from waiting import wait_until

from livesegment.cli.app import run

playwright = need_package("playwright.sync_api", extra="test")
expect = playwright.expect
expect.set_options(timeout=20_000)

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
WORDS = "--every 4 --report report.html --report report.json --table {} --price-per-call 0.5"

DRAWN = """colour => {
  const canvas = document.querySelector(".plot canvas");
  const wanted = colour.match(/[0-9a-f]{2}/g).map((each) => parseInt(each, 16));
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4)
    count += data[at + 3] > 250 && wanted.every((each, i) => Math.abs(each - data[at + i]) < 3);
  return count;
}"""
"""How many pixels of the chart have a colour."""


@pytest.fixture(scope="module")
def chromium() -> Iterator["playwright.Browser"]:
    path = shutil.which("chromium")
    if path is None:
        skip_or_fail("this test needs the program chromium")
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the page of a film in `one`, and of three inputs in `many`."""
    folder = tmp_path_factory.mktemp("pages")
    inputs = {"one": (["pattern:96x64@10:30"], "out.mp4", "t.csv")}
    inputs["many"] = ([*inputs["one"][0], "pattern:64x48@10:6", "missing.mp4"], "out", "tables")
    with pytest.MonkeyPatch.context() as patch:
        for name, (sources, output, table) in inputs.items():
            (folder / name).mkdir()
            patch.chdir(folder / name)
            run(["annotate", *sources, "-o", output, *WORDS.format(table).split()])
    return folder


@pytest.fixture
def tab(chromium: "playwright.Browser") -> Iterator["playwright.Page"]:
    """Open a tab that fails the test if a script fails in it, or it asks for anything."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900}, color_scheme="light")
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    asked: list[str] = []
    tab.on("request", lambda each: asked.append(each.url))
    yield tab
    context.close()
    assert wrong == []
    assert [each for each in asked if not each.startswith(("data:", "file:"))] == []
    assert len([each for each in asked if each.startswith("file:")]) == 1


def values(tab: "playwright.Page") -> dict[str, str]:
    """Return what the legend says of each class."""
    entries = tab.locator(".legend button").all()
    return {
        each.locator(".called").inner_text(): each.locator(".value").inner_text()
        for each in entries
    }


def test_a_chart_says_the_values_that_are_pointed_at(tab: "playwright.Page", folder: Path) -> None:
    lines = (folder / "one" / "t.csv").read_text("utf-8").splitlines()[1:]
    shares = {
        (int(frame), name): f"{100 * float(share):.1f} %"
        for frame, _, _, name, share, *_ in (line.split(",") for line in lines)
    }
    tab.goto((folder / "one" / "report.html").as_uri())
    chart = tab.get_by_role("slider", name="Time")
    chart.focus()
    for key, index in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("End", 29)):
        chart.press(key)
        expect(chart).to_have_attribute("aria-valuenow", str(index))
        said = {name: each for name, each in values(tab).items() if (index, name) in shares}
        assert said == {name: shares[index, name] for at, name in shares if at == index}
        assert len(said) >= 2
    chart.press("Escape")
    expect(chart).to_have_attribute("aria-valuetext", "nowhere")

    box = tab.locator(".u-over").bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(tab.locator(".at")).to_have_text("At 0:01.4")
    tab.locator(".sheet button").nth(1).click()
    at = tab.locator(".sheet figcaption b").nth(1).inner_text()
    expect(tab.locator(".at")).to_have_text(f"At {at}")


def test_a_class_is_switched_off_and_counts_are_shown(tab: "playwright.Page", folder: Path) -> None:
    tab.goto((folder / "one" / "report.html").as_uri())
    first = tab.locator(".legend button").first
    name = first.locator(".called").inner_text()
    colour = first.evaluate("each => getComputedStyle(each).getPropertyValue('--class')")
    wait_until(lambda: tab.evaluate(DRAWN, colour) > 50, "its curve")
    first.focus()
    first.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "false")
    wait_until(lambda: tab.evaluate(DRAWN, colour) == 0, "no curve")
    tab.get_by_role("button", name="Count of regions").click()
    expect(first).to_have_attribute("aria-pressed", "false")
    chart = tab.get_by_role("slider", name="Time")
    chart.press("Home")
    assert values(tab)[name] in {"0", "1"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_a_page_of_many_fits_any_width_in_light_and_dark(
    tab: "playwright.Page", folder: Path, width: int, scheme: str
) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=scheme)
    tab.goto((folder / "many" / "report.html").as_uri())
    expect(tab.locator("tbody tr").first).to_contain_text("done")
    row = tab.locator("tr", has_text="missing.mp4")
    expect(row).to_contain_text("failed")
    expect(row).to_contain_text("there is no file")
    tab.get_by_role("link", name="pattern:64x48@10:6").click()
    section = tab.locator("details.input[open]")
    expect(section).to_have_count(1)
    section.locator(".plot").scroll_into_view_if_needed()
    expect(section.locator(".plot canvas")).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    shade = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(shade.removeprefix("rgb(").split(",")[0])
    assert (red > 200) == (scheme == "light")
