"""Heat maps and the page of a sweep, on numbers made by hand."""

import math
import warnings

import numpy as np
import pytest

from ratetheory.report.heatmaps import NETWORKS, QUANTITIES, edges, heat_maps
from ratetheory.report.style import rendered
from ratetheory.report.sweep_page import write_sweep_page
from ratetheory.training.sweep import Sweep, SweepSpec
from ratetheory.training.sweep.files import MEASURED
from ratetheory.training.sweep.specification import checked
from tests.report.conftest import HOSTILE

RATES, OTHERS = (0.01, 0.1, 1.0, 10.0), (0.1, 1.0)
LOSSES = {
    "bn": [[0.3, 0.2, 0.25, 0.5], [1.0, 0.02, 0.03, 0.05]],
    "plain": [[0.1, math.inf, math.nan, 2.3], [2.3, 2.3, 2.3, 2.3]],
}


def made(directory, losses=LOSSES, optimizers=("gd", "sgd"), rates=RATES, others=OTHERS, provenance=None):
    """A sweep with the same losses for each optimizer: NaN is missing, infinity diverged."""
    spec = checked(SweepSpec(optimizers=optimizers, rates=rates, scale_variant_rates=others))
    results = {}
    for cell in spec.cells():
        loss = losses[cell.network][others.index(cell.scale_variant_rate)][rates.index(cell.rate)]
        if math.isinf(loss):
            results[cell] = {"status": "diverged", **dict.fromkeys(MEASURED)}
        elif not math.isnan(loss):
            results[cell] = {"status": "completed", "loss": loss, "gradient_norm": 3 * loss, "test_accuracy": 1 - loss / 3}
    return Sweep(directory, spec, provenance or {}, results)


def drawn(figure):
    """The file, with every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return rendered(figure, "png")


def labels(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_each_panel_shows_its_grid(tmp_path):
    sweep = made(tmp_path)
    for quantity in QUANTITIES:
        figure = heat_maps(sweep, quantity)
        panels = figure.axes[:4]
        for axes, (optimizer, network) in zip(panels, [(o, n) for o in ("gd", "sgd") for n in NETWORKS], strict=True):
            (mesh,) = axes.collections
            grid = sweep.grid(network, optimizer, quantity)
            np.testing.assert_allclose(np.ma.filled(mesh.get_array(), np.nan), np.where(np.isinf(grid), np.nan, grid))
            assert NETWORKS[network] in axes.get_title()
            assert optimizer.upper() in axes.get_title()
            assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert "scale-invariant" in panels[2].get_xlabel()
        assert QUANTITIES[quantity] in figure.axes[4].get_ylabel()
    assert len(drawn(figure)) > 5000


def test_diverged_runs_are_hatched_and_missing_ones_are_named(tmp_path):
    figure = heat_maps(made(tmp_path), "loss")
    assert [len(axes.patches) for axes in figure.axes[:4]] == [0, 1, 0, 1]
    patch = figure.axes[1].patches[0]
    assert patch.get_hatch()
    assert patch.get_xy()[:, 0].min() == pytest.approx(10**-1.5)
    assert labels(figure) == ["loss within a factor of 2 of its row's least", "diverged (not finite)", "not run yet"]
    whole = made(tmp_path, {"bn": LOSSES["bn"], "plain": LOSSES["bn"]})
    assert labels(heat_maps(whole, "loss")) == ["loss within a factor of 2 of its row's least"]


def test_dots_mark_runs_near_the_least_of_their_row_that_learned(tmp_path):
    figure = heat_maps(made(tmp_path), "test_accuracy")
    normalised, plain = ({tuple(point) for point in axes.get_lines()[0].get_xydata()} for axes in figure.axes[:2])
    assert normalised == {(0.01, 0.1), (0.1, 0.1), (1.0, 0.1), (0.1, 1.0), (1.0, 1.0)}
    assert plain == {(0.01, 0.1)}


@pytest.mark.parametrize(
    ("loss", "quantity"),
    [*((loss, "loss") for loss in (0.1, 1e12, 0.0, math.inf, math.nan)), (0.0, "gradient_norm"), (math.inf, "test_accuracy")],
)
def test_a_sweep_of_one_run_is_drawn_whatever_came_of_it(tmp_path, loss, quantity):
    sweep = made(tmp_path, {"bn": [[loss]], "plain": [[loss]]}, ("gd",), (0.1,), (1.0,))
    assert len(drawn(heat_maps(sweep, quantity))) > 2000


def test_borders_lie_halfway():
    np.testing.assert_allclose(edges((0.1, 10.0)), [0.01, 1, 100])
    np.testing.assert_allclose(edges((0.1, 1.0, 100.0)), [10**-1.5, 10**-0.5, 10, 1000])
    np.testing.assert_allclose(edges((1.0,)), [10**-0.5, 10**0.5])


def test_the_page_needs_nothing_else_and_escapes_what_it_shows(tmp_path):
    path = write_sweep_page(made(tmp_path, optimizers=("gd",), provenance={"libraries": {HOSTILE: HOSTILE}, "commit": None}))
    text = path.read_text()
    assert path == tmp_path / "sweep.html"
    assert HOSTILE not in text
    assert "&lt;img src=x" in text
    assert "default-src 'none'" in text
    assert "http" not in text.replace("http-equiv", "")
    assert text.count("data:image/svg+xml;base64,") == len(QUANTITIES)
    assert "1.0 decades (0.01 to 1)" not in text
    assert "2.0 decades (0.01 to 1), loss 0.2 to 0.3" in text
    assert "none learned" in text
    names = {f"{quantity.replace('_', '-')}.{kind}" for quantity in QUANTITIES for kind in ("png", "pdf")}
    assert {file.name for file in (tmp_path / "figures").iterdir()} == names


def test_a_directory_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "figures").write_text("a file")
    with pytest.raises(ValueError, match="output: cannot write"):
        write_sweep_page(made(tmp_path, optimizers=("gd",)))
