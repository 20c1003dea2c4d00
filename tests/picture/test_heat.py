"""Heat maps: every element of a large array counts, in both themes, in svg, png and DOT, and on the page."""

import base64
import re
import struct
import xml.etree.ElementTree as ET
import zlib

import numpy as np

import tinygrad_like as tg
from tests.cases import together
from tests.picture.test_page import NO_RENDERER, RENDERERS, dumped, html_of, recoloured
from tinygrad_like.picture.pages.page import prepared
from tinygrad_like.picture.written import heat, heat_images, renderer
from tinygrad_like.picture.written.themes import DARK, LIGHT, STEPS, THEMES, fraction_of, shades

rng = np.random.default_rng(0)
IMAGE = re.compile(r"data:image/png;base64,([^\"]*)")


def steps_of(array):
    return heat.heat_map(np.asarray(array)).steps.tolist()


def notes_of(array):
    return heat.heat_map(np.asarray(array)).notes


def decoded(png):
    """The colours of a PNG with a palette, read by the letter of its format."""
    at, chunks = 8, {}
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + data),)
        chunks[kind] = data
        at += length + 12
    columns, rows, depth, colour, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour) == (8, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, columns + 1)
    assert not lines[:, 0].any()
    palette = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    return [["gap" if i == 0 else "#" + palette[i].tobytes().hex() for i in line] for line in lines[:, 1:].tolist()]


def model():
    layers = tg.Sequential(tg.Conv2d(1, 4, 3, seed=0), tg.ReLU(), tg.Flatten(), tg.Linear(144, 10, seed=1))

    def loss(images, labels):
        return tg.cross_entropy(layers(images), labels)

    x = np.random.default_rng(0).normal(size=(8, 1, 8, 8))
    x[0, 0, 0, 0] = np.nan
    return lambda **options: tg.draw(loss, x, np.arange(8), detail="value", **options)


# -- which colours ---------------------------------------------------------------------------------------------


def test_each_element_is_a_pixel_while_there_are_few():
    array = np.zeros((2, 7))
    array[0, 1], array[1, 2], array[1, 3], array[0, 6] = 1.0, -1.0, 0.5, -1e-3
    full, half = STEPS + 1, 1 + STEPS // 2
    assert steps_of(array) == [[0, full, 0, 0, 0, 0, -1], [0, 0, -full, half, 0, 0, 0]]
    assert steps_of(np.arange(7) == 2) == [[0, 0, full, 0, 0, 0, 0]]
    assert steps_of(np.array([0, 0, 3j, 0, 0, 0, 0])) == [[0, 0, full, 0, 0, 0, 0]]
    assert steps_of(np.array([0, 0, 200, 0, 0, 0, 100], np.uint8)) == [[0, 0, full, 0, 0, 0, half]]


def test_a_pixel_of_many_elements_shows_the_one_of_largest_magnitude():
    array = np.full((100, 200), 0.1)
    array[3, 3], array[99, 0], array[50, 100] = -1.0, np.nan, -np.inf
    steps = heat.heat_map(array).steps
    assert steps.shape == (50, 50)
    assert steps[1, 0] == -STEPS - 1
    assert steps[49, 0] == steps[25, 25] == heat.BROKEN
    assert np.unique(steps).tolist() == [-STEPS - 1, 1 + round(0.1 * STEPS), heat.BROKEN]
    assert notes_of(array) == ["-1 … 0.1 · 1 nan · 1 inf", "pixel: largest of 2 × 4"]


@together(
    "shape", [(7,), (65,), (784,), (6, 1), (10_000, 3), (3, 4, 100), (5, 2, 28, 28), (40, 3, 5, 5), (99, 99, 3, 3)]
)
def test_a_map_is_small_and_fits_its_place(shape):
    array = rng.normal(size=shape)
    shown = heat.heat_map(array)
    assert max(shown.steps.shape) <= 64
    assert shown.width <= heat.WIDEST
    assert shown.height <= heat.HIGHEST
    assert min(shown.width, shown.height) >= heat.NARROWEST
    assert np.abs(shown.steps[np.abs(shown.steps) < heat.BROKEN]).max() == STEPS + 1, "the largest can be seen"
    # Whatever is nan is seen, too, if all is shown.
    array.flat[-1] = np.nan
    assert (heat.heat_map(array).steps == heat.BROKEN).any() or "first" in notes_of(array)[1]


def test_images_are_tiles_with_their_channels_side_by_side():
    array = np.ones((2, 3, 4, 5)) * np.array([1.0, -1.0])[:, None, None, None]
    steps = heat.heat_map(array).steps
    assert steps.shape == (2 * 4 + 1, 3 * 5 + 2)
    assert (steps[:4, :5] == STEPS + 1).all()
    assert (steps[5:, 6:11] == -STEPS - 1).all()
    assert (steps[4] == heat.GAP).all()
    assert (steps[:, 5] == heat.GAP).all()
    assert heat.heat_map(np.ones((4, 1, 3, 3))).steps.shape == (2 * 4 - 1, 2 * 4 - 1)
    assert heat.heat_map(np.ones((2, 8, 1, 1))).steps.shape == (2, 8)
    assert notes_of(np.ones((32, 3, 28, 28)))[1:] == ["first 48 of 96 tiles", "pixel: largest of 4 × 4"]
    assert notes_of(np.arange(64 * 64 * 9.0).reshape(64, 64, 3, 3))[1:] == ["pixel: largest of 1 × 1 × 3 × 3"]


def test_the_range_is_told():
    assert notes_of(np.arange(10)) == ["0 … 9"]
    assert notes_of(np.full(10, 2.0)) == ["all 2"]
    assert notes_of(np.full(10, 3 + 4j)) == ["|z| all 5"]
    assert notes_of(np.full(10, np.nan)) == ["10 nan"]


def test_one_large_number_does_not_hide_the_others():
    array = np.array([1e6, 1.0, -1.0, 0.001, 1.0, 1.0, 0.0])
    shown = heat.heat_map(array)
    assert shown.is_log
    assert shown.steps[0, 0] > shown.steps[0, 1] > shown.steps[0, 3] > shown.steps[0, 6] == 0 > shown.steps[0, 2]
    assert ">7 · log colours<" in tg.Tensor(array).draw().source


def test_small_arrays_stay_numbers():
    assert not heat.fits(np.zeros(7))
    assert heat.fits(np.zeros((5, 6)))
    assert "<!--map" not in tg.Tensor(np.ones((5, 6))).draw().source
    assert "<!--map" in tg.Tensor(np.ones((6, 6))).draw(detail="value").source
    assert "<!--map" not in tg.Tensor(np.ones((6, 6))).draw(detail="stats").source
    assert ">empty<" in tg.Tensor(np.ones((0, 9))).draw(detail="value").source


# -- how they are drawn ------------------------------------------------------------------------------------------


@together("theme", list(THEMES.values()))
def test_a_png_has_the_colours_of_cells(theme):
    steps = np.array([[0, 1, STEPS + 1], [-1, heat.BROKEN, heat.GAP]], np.int8)
    png = heat_images.png(steps, theme)
    assert decoded(png) == [
        [theme.zero, theme.cell(1e-9), theme.positive],
        [theme.cell(-1e-9), theme.broken, "gap"],
    ]
    assert all(
        shades(theme)[step + STEPS + 1] == theme.cell(fraction_of(step)) for step in range(-STEPS - 1, STEPS + 2)
    )
    for each in THEMES.values():
        other = heat_images.in_theme(base64.b64encode(png).decode(), each)
        assert base64.b64decode(other) == heat_images.png(steps, each)


@NO_RENDERER
def test_every_drawing_shows_the_maps_where_they_belong():
    picture = model()()
    count = len(picture._maps)
    assert count > 8
    assert picture.source.count("<!--map ") == count
    assert f'BGCOLOR="{LIGHT.broken}"' in picture.source
    marked = heat_images.with_marks(picture.source, picture._maps)
    for name in RENDERERS:
        raw = renderer.picture(renderer.COMMANDS[name](), marked, "svg").decode()
        svg = heat_images.with_images(raw, picture._maps, LIGHT)
        places = {}
        for group in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):
            if re.fullmatch(r"a_n\d+[vg]", group.get("id", "")):
                for image in group.iter("{http://www.w3.org/2000/svg}image"):
                    places[group.get("id")[2:]] = image
        assert places.keys() == picture._maps.keys()
        for place, image in places.items():
            shown = picture._maps[place]
            size = float(image.get("width")), float(image.get("height"))
            np.testing.assert_allclose(size, (shown.width, shown.height), atol=0.5)
            png = base64.b64decode(IMAGE.search(image.get("{http://www.w3.org/1999/xlink}href"))[1])
            assert png == heat_images.png(shown.steps, LIGHT)
    assert "fill-opacity" not in picture.svg()
    assert picture.png().startswith(b"\x89PNG")


@NO_RENDERER
def test_a_page_shows_the_maps_of_its_theme(tmp_path):
    draw = model()
    light, dark = draw(), draw(theme="dark")
    pages = {name: html_of(picture, picture.svg()) for name, picture in (("light", light), ("dark", dark))}
    assert recoloured(prepared(light.svg()), pages["light"]) == prepared(dark.svg())
    both = [base64.b64decode(each) for each in IMAGE.findall(prepared(light.svg()))]
    expected = [heat_images.png(each.steps, theme) for each in light._maps.values() for theme in (LIGHT, DARK)]
    assert sorted(both) == sorted(expected)
    driver = """
    const isShown = (each) => style(each).display !== "none";
    const seen = () => all("#stage image").filter(isShown).map((each) => each.classList[0]);
    const kinds = () => [...new Set(seen())];
    const before = [seen().length, ...kinds()];
    one("#theme").click();
    const after = [seen().length, ...kinds()];
    let content;
    URL.createObjectURL = (blob) => (blob.text().then((text) => report({ before, after, text })), "blob:none");
    HTMLAnchorElement.prototype.click = () => {};
    one("#download").click();
    """
    count = len(light._maps)
    for name, seen in dumped(tmp_path, {name: (text, driver) for name, text in pages.items()}).items():
        other = "dark" if name == "light" else "light"
        assert seen["problems"] == []
        assert seen["before"] == [count, name]
        assert seen["after"] == [count, other]
        saved = [base64.b64decode(each) for each in IMAGE.findall(seen["text"])]
        assert sorted(saved) == sorted(heat_images.png(each.steps, THEMES[other]) for each in light._maps.values())
