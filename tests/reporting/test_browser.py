"""Reports in a real browser: drawn, quiet, and used by mouse and by keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.reporting.browser import Visit
from tests.reporting.runs import HOSTILE, SECTIONS

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


_LAST_POINT = """() => {
    const chart = document.querySelectorAll("#growth .charts.whole .chart")[0];
    const points = [...chart.querySelectorAll(".boxlayer path.point")];
    const { left, top, width, height } = points[points.length - 1].getBoundingClientRect();
    return [left + width / 2, top + height / 2];
}"""
"""Where the last MAC's point among those of the sizes at the end is on the screen."""


# Drawing a page takes longest: tests that leave it as they found it share one.


@pytest.fixture(scope="module")
def light(browser: Browser, hostile: Path) -> Visit:
    return Visit(browser, hostile)


@pytest.fixture(scope="module")
def dark(browser: Browser, plain: Path) -> Visit:
    """On a narrow screen too."""
    return Visit(browser, plain, width=400, scheme="dark")


@pytest.fixture(scope="module")
def narrow_comparison(browser: Browser, comparison: Path) -> Visit:
    return Visit(browser, comparison, width=400)


def test_every_section_is_drawn_without_a_word_or_a_request(light: Visit, hostile: Path) -> None:
    page = light.page
    for section in [name for name in SECTIONS[1:-2] if name != "averages"]:
        charts = page.locator(f"#{section} .chart")
        assert charts.count() >= 2, section
        for chart in charts.all():
            assert chart.locator("svg.main-svg").count() > 0, section
            shown = chart.locator(".scatterlayer path, .boxlayer path, .heatmaplayer image, .shapelayer path")
            assert shown.count() > 0, section
    assert page.locator("#averages .macs button canvas").count() == 9 + 4
    shown = page.locator("#match .pairs canvas")
    assert shown.count() in range(2, 21, 2)
    painted = "all => all.every(one => one.getContext('2d').getImageData(0, 0, 1, 1).data[3] === 255)"
    assert shown.evaluate_all(painted)
    assert page.locator("#summary tbody tr").count() > 10
    assert light.said == []
    assert light.asked == [hostile.as_uri()]


def test_names_from_the_trace_are_shown_and_not_run(light: Visit) -> None:
    page = light.page
    assert page.locator("#growth h4").first.text_content() == HOSTILE
    assert HOSTILE in page.locator("#run").inner_text()
    ticks = page.locator("#coverage .chart").last.locator(".xtick text").all_text_contents()
    assert HOSTILE in ticks
    assert page.locator("main script, main b").count() == 0


def test_scripts_that_got_in_would_not_run(dark: Visit) -> None:
    visit = dark
    visit.page.evaluate(
        """() => {
            const made = document.createElement("script");
            made.textContent = "window.ran = 1";
            document.body.append(made);
        }"""
    )
    assert visit.page.evaluate("() => window.ran") is None
    assert "Content Security Policy" in visit.said[0]
    visit.said.clear()


def test_a_click_shows_a_mac_with_its_numbers(light: Visit) -> None:
    page, dialog = light.page, light.page.locator("#mac")
    assert not dialog.is_visible()
    page.locator("#averages .macs button").nth(4).click()
    assert dialog.locator("h2").text_content() == f"MAC 4 of {HOSTILE}"
    rows = dict(row.split("\t") for row in dialog.locator("tbody").inner_text().splitlines())
    assert 0 < int(rows["active in training (samples)"]) < 36
    assert 0 < int(rows["basis set size (codes)"]) <= 9
    assert 0 < float(rows["match accuracy"]) <= 1
    assert dialog.locator(".large canvas").count() == 1
    codes = dialog.locator(".codes li")
    assert 1 <= codes.count() <= int(rows["basis set size (codes)"])
    assert codes.first.locator("canvas").evaluate("it => [it.width, it.height]") == [4, 4]
    assert re.fullmatch(r"\d+ samples?\s+label \d: \d+%", codes.first.inner_text().strip())
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_silent_macs_are_marked(light: Visit) -> None:
    silent = light.page.locator("#averages .macs .silent")
    assert [button.get_attribute("aria-label") for button in silent.all()] == [
        "MAC 0, never active in training"
    ]
    crosses = (
        light.page.locator("#activity .chart")
        .first.locator(".scatterlayer .trace")
        .last.locator("path.point")
    )
    assert crosses.count() == 1


def test_the_keyboard_goes_from_mac_to_mac(light: Visit) -> None:
    page, title = light.page, light.page.locator("#mac h2")
    page.locator("#averages .macs button").first.focus()
    for key, mac in (("ArrowRight", 1), ("ArrowDown", 4), ("ArrowLeft", 3), ("ArrowUp", 0)):
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        assert title.text_content() == f"MAC {mac} of {HOSTILE}"
        page.keyboard.press("Escape")
        assert page.evaluate("() => document.activeElement.title") == f"MAC {mac}"


def test_the_keyboard_goes_along_a_curve(light: Visit) -> None:
    page = light.page
    page.locator("#growth .chart").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator("#said", has_text="after 8 samples, step 1").wait_for(state="attached")


def test_the_mouse_finds_which_mac_a_point_is(light: Visit) -> None:
    chart = light.page.locator("#growth .charts.whole .chart").first
    chart.scroll_into_view_if_needed()
    light.page.mouse.move(*light.page.evaluate(_LAST_POINT))
    chart.locator(".hoverlayer", has_text=re.compile(r"MAC 3: \d+")).wait_for(state="attached")


_RANGES = """() => [...document.querySelectorAll("#growth .charts")[0].querySelectorAll(".chart")].map(
    (chart) => chart._fullLayout.yaxis.range.map((end) => end.toFixed(6)).join(" "))"""


def test_charts_beside_each_other_get_the_same_axes_on_request(light: Visit) -> None:
    page = light.page
    before = page.evaluate(_RANGES)
    page.locator("#growth .same").first.click()
    page.wait_for_function(f"() => new Set(({_RANGES})()).size === 1")
    page.locator("#growth .same").first.click()
    page.wait_for_function(f"(before) => String(({_RANGES})()) === String(before)", arg=before)
    assert len(set(before)) == 2
    assert light.said == []


def test_the_navigation_says_where_one_is(dark: Visit) -> None:
    dark.page.evaluate("() => document.getElementById('match').scrollIntoView({ behavior: 'instant' })")
    dark.page.locator("nav a[aria-current]", has_text="Match accuracy").wait_for()
    box = dark.page.locator("nav").bounding_box()
    assert box is not None
    assert box["y"] == 0
    dark.page.evaluate("() => scrollTo({ top: 0, behavior: 'instant' })")
    dark.page.locator("nav a[aria-current]", has_text="Findings").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_light_or_dark_as_the_system_and_as_asked(request: pytest.FixtureRequest, scheme: str) -> None:
    visit: Visit = request.getfixturevalue(scheme)
    page, other = visit.page, {"light": "dark", "dark": "light"}[scheme]
    colour = "() => getComputedStyle(document.querySelector('#growth .xtick text')).fill"
    before = page.evaluate(colour)
    assert page.locator("html").get_attribute("data-scheme") == scheme
    page.locator("#scheme").click()
    assert page.locator("html").get_attribute("data-scheme") == other
    assert page.evaluate(colour) != before
    page.locator("#scheme").click()
    assert page.locator("html").get_attribute("data-scheme") == scheme
    assert page.evaluate(colour) == before
    assert visit.said == []


@pytest.mark.parametrize("name", ["dark", "narrow_comparison"])
def test_a_narrow_screen_is_enough(request: pytest.FixtureRequest, name: str) -> None:
    visit: Visit = request.getfixturevalue(name)
    assert visit.page.evaluate("() => document.documentElement.scrollWidth") == 400
    widths = "() => [...document.querySelectorAll('.chart .main-svg')].map((svg) => svg.getBoundingClientRect().width)"
    assert max(visit.page.evaluate(widths)) <= 400
    cut = "part.querySelector('table') && part.scrollWidth > part.clientWidth + 1"
    parts = "[...document.querySelectorAll('main .scroll')]"
    assert visit.page.evaluate(f"() => {parts}.filter((part) => {cut}).length") == 0
    assert visit.said == []


def test_runs_are_hidden_and_shown(narrow_comparison: Visit, comparison: Path) -> None:
    page = narrow_comparison.page
    lines = page.locator("#growth .chart").first.locator(".scatterlayer .trace .js-line")
    before = lines.count()
    assert before >= 3
    button = page.locator("button.series").nth(2)
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert lines.count() < before
    button.click()
    assert lines.count() == before
    assert narrow_comparison.said == []
    assert narrow_comparison.asked == [comparison.as_uri()]


def test_printed_it_is_light_and_whole(dark: Visit) -> None:
    assert len(dark.page.pdf()) > 50_000
    assert dark.page.locator("html").get_attribute("data-scheme") == "dark"
    assert dark.said == []


_CLICKED = """() => {
    window.opened = [];
    window.open = (...what) => { window.opened.push(what); return null; };
    return [...document.querySelectorAll(".chart")].map((chart) =>
        [...chart.querySelectorAll(".modebar-btn")].map((button) => { button.click(); return button.dataset.title; }));
}"""
"""Clicks every button of every chart; their names, chart by chart."""


def test_no_button_of_a_chart_leads_off_the_page(dark: Visit) -> None:
    opened: list[object] = []
    dark.page.context.on("page", lambda page: opened.append(page.url))
    before = list(dark.asked)
    clicked = dark.page.evaluate(_CLICKED)
    assert len(clicked) > 10
    for names in clicked:
        assert names == ["Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"]
    dark.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert dark.page.evaluate("() => window.opened") == opened == []
    assert dark.page.locator("[class*=cloud]").count() == 0
    assert [url for url in dark.asked[len(before) :] if not url.startswith(("blob:", "data:"))] == []
