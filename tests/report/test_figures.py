"""The figures: what their lines are against independent transcriptions, and the runs at the edge."""

import warnings

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.cbook import is_math_text

from ratetheory.observation.compare import compare, gradient_norms
from ratetheory.report import figures, style


def line(axes: Axes, label: str) -> np.ndarray:
    (found,) = [one for one in axes.get_lines() if label in str(one.get_label())]
    return np.asarray(found.get_ydata(), float)


def labels(figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def drawn(figure) -> bytes:
    """The file, with every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return style.rendered(figure, "svg")


def test_norms_and_effective_rates_of_layers(make):
    trace = make()
    figure = figures.norms(trace)
    S = trace.dataset["squared_norm"].values
    above, below = figure.axes
    np.testing.assert_allclose(line(above, "conv1"), np.sqrt(S[:, 0] + S[:, 1]))
    np.testing.assert_allclose(line(below, "conv2"), 0.5 / S[:, 2])
    assert labels(figure) == ["conv1", "conv2"]
    assert len(drawn(figure)) > 5000


def test_many_layers_become_a_band(make):
    trace = make()
    trace.run["blocks"] = [{"name": f"b{i}", "layer": f"layer{i}"} for i in range(3)]
    many = {
        name: np.repeat(trace.dataset[name].values, 5, axis=1) for name in ("squared_norm", "squared_gradient", "learning_rate")
    }
    dataset = {name: (trace.dataset[name].dims, values) for name, values in many.items()}
    wide = type(trace)(type(trace.dataset)(dataset), {**trace.run}, trace.facts)
    wide.run["blocks"] = [{"name": f"b{i}", "layer": f"layer{i}"} for i in range(15)]
    assert labels(figures.norms(wide)) == ["median, band over all 15 layers"]


@pytest.mark.parametrize("rate", [0.01, 0.5, 50.0])
def test_certificate_and_bound_lie_above_the_running_minimum(make, with_bound, rate):
    comparison = with_bound(make(rate=rate))
    S, squares = comparison.trace.dataset["squared_norm"].values, comparison.trace.dataset["squared_gradient"].values
    (axes,) = figures.gradient(comparison).axes
    observed = line(axes, "running minimum")
    np.testing.assert_allclose(observed, np.minimum.accumulate(np.sqrt((S[:-1] * squares).sum(axis=1))))
    certificate = line(axes, "certificate")
    T = np.arange(1, len(S))
    np.testing.assert_allclose(certificate, np.sqrt((S[1:] ** 2 - S[0] ** 2).sum(axis=1) / (2 * rate**2 * T)), rtol=1e-6)
    assert (observed <= certificate * (1 + 1e-9)).all()
    (bound,) = [one for one in axes.get_lines() if "estimated constants" in str(one.get_label())]
    horizons, values = np.asarray(bound.get_xdata(), float), np.asarray(bound.get_ydata(), float)
    at_end = values[horizons == len(observed)]
    np.testing.assert_allclose(at_end, comparison.apriori.bound.gradient_norm, rtol=1e-9)
    assert (np.interp(T, horizons, values) >= observed).all()


def test_no_certificate_where_its_hypotheses_fail(make):
    comparison = compare(make(facts={"scale_invariant": False, "predicted_defect": False}))
    assert figures.norm_certificate(comparison) is None
    assert not [text for text in labels(figures.gradient(comparison)) if "certificate" in text]


def test_corrected_certificate_takes_off_the_predicted_defect(make):
    """A run whose weights also move radially by a known amount: the plain form would be wrong by exactly that."""
    trace = make(rate=0.5)
    radial = np.full((40, 3), -0.02)
    S = trace.dataset["squared_norm"].values.copy()
    squares = trace.dataset["squared_gradient"].values
    for t in range(40):
        S[t + 1] = S[t] + 2 * 0.5 * 0.02 + 0.25 * squares[t]
    step = ("step", "block")
    changed = {"squared_norm": (("state", "block"), S), "radial": (step, radial), "radial_predicted": (step, radial)}
    comparison = compare(make(rate=0.5, changed=changed, facts={"scale_invariant": False}))
    claim, certificate = figures.norm_certificate(comparison)
    assert claim == "corrected-certificate"
    exact = np.sqrt(np.cumsum((S[:-1] * squares).sum(axis=1)) / np.arange(1, 41))
    slack = np.sqrt(np.cumsum(((S[1:] - S[:-1]) ** 2).sum(axis=1)) / (2 * 0.25) / np.arange(1, 41))
    np.testing.assert_allclose(certificate**2, exact**2 + slack**2, rtol=1e-9)


def test_scale_variant_gradients_are_shown_apart(make):
    other = np.full(40, 4.0)
    comparison = compare(make(changed={"scale_variant_squared_gradient": (("step",), other)}))
    (axes,) = figures.gradient(comparison).axes
    alone = line(axes, "invariant weights")
    np.testing.assert_allclose(np.minimum.accumulate(gradient_norms(comparison.trace)) ** 2, alone**2 + 4)


def test_lyapunov_function_against_a_transcription_and_never_rising(make, with_bound):
    comparison = with_bound(make(rate=20.0))
    phi = figures.lyapunov_function(comparison.trace, comparison.apriori)
    S, f = comparison.trace.dataset["squared_norm"].values[:-1], comparison.trace.dataset["loss"].values
    L = np.array([1.0, 2.0, 1.5])
    expected = f - f[0]
    for i in range(3):
        x = np.geomspace(1e-6, 1, 200001) * (np.pi / 2 * L[i] / (S[0, i] / 20))
        slopes = (np.arctan(x) + (np.log1p(x**2) - np.arctan(x) ** 2) / np.pi) / x
        b = S[:, i] / 20
        expected += slopes.min() * (b - b[0]) - L[i] / 2 * np.log(b / b[0])
    np.testing.assert_allclose(phi, expected, atol=1e-4)
    assert (np.diff(f) > 0).any(), "the loss must rise somewhere, else the figure shows nothing"
    assert (np.diff(phi) <= 1e-12).all()
    assert len(drawn(figures.lyapunov(comparison.trace, comparison.apriori))) > 5000


def test_price_of_not_tuning(scalar_total):
    eta, curves, classical = figures.price_curves()
    assert eta[0] == pytest.approx(1e-6)
    assert eta[-1] == pytest.approx(1e6)
    best = curves["best"]
    assert best.min() == 1
    least = min(scalar_total(float(rate), "best") for rate in eta[np.argsort(best)[:1]])
    for method in ("simple", "sharper", "two-phase", "best"):
        for index in (900, 1200):
            assert curves[method][index] == pytest.approx(scalar_total(float(eta[index]), method) / least, rel=1e-9)
        assert (curves[method][np.isfinite(curves[method])] >= best[np.isfinite(curves[method])] * (1 - 1e-12)).all()
    assert np.log10(best[0] / best[100]) == pytest.approx(np.log10(eta[100] / eta[0]), abs=1e-3)
    # at large rates B is about (pi/2)^2 eta, and C by rotation B (1/2 + ln((pi/2) eta))
    large = eta * (0.5 + np.log(np.pi / 2 * eta))
    assert np.log10(best[-1] / best[-101]) == pytest.approx(np.log10(large[-1] / large[-101]), abs=0.01)
    assert np.isfinite(classical[eta < 2]).all()
    assert np.isnan(classical[eta >= 2]).all()
    assert len(drawn(figures.price())) > 5000


def test_rates_side_by_side(make):
    runs = [compare(make(rate=rate)) for rate in (0.01, 0.5, 50.0)]
    figure = figures.rates(runs)
    assert len(figure.axes) == 3
    assert labels(figure) == [r"$\eta$ = 0.01", r"$\eta$ = 0.5", r"$\eta$ = 50"]
    np.testing.assert_allclose(line(figure.axes[0], "= 50"), runs[2].trace.dataset["loss"].values)
    assert len(drawn(figure)) > 5000


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_runs_are_drawn_with_markers(make, with_bound, steps):
    comparison = with_bound(make(steps=steps))
    made = [
        figures.norms(comparison.trace),
        figures.gradient(comparison),
        figures.lyapunov(comparison.trace, comparison.apriori),
    ]
    for figure in made:
        assert figure.axes[0].get_lines()[0].get_marker() == "o"
        assert len(drawn(figure)) > 3000
    assert len(drawn(figures.rates([comparison]))) > 3000


@pytest.mark.parametrize("first", [0, 3])
def test_dead_runs_are_drawn(make, with_bound, first):
    trace = make()
    squares = trace.dataset["squared_gradient"].values.copy()
    squares[first:] = 0
    norms = np.repeat(trace.dataset["squared_norm"].values[:1], 41, axis=0)
    changed = {"squared_gradient": (("step", "block"), squares), "squared_norm": (("state", "block"), norms)}
    comparison = with_bound(make(changed=changed))
    figure = figures.gradient(comparison)
    assert bool(figure.axes[0].texts) == (first == 0)
    assert len(drawn(figure)) > 3000
    assert len(drawn(figures.rates([comparison, comparison]))) > 3000
    assert len(drawn(figures.norms(comparison.trace))) > 3000


@pytest.mark.parametrize(
    "name", ["$x_{1}$", "a$b", r"\frac{1}{$", "_hidden", "名前", "a" * 200, "</script><img src=x>", "--> x"]
)
def test_any_name_is_shown_literally(make, name):
    figure = figures.norms(make(names={"conv1": name}))
    content = drawn(figure)
    assert not is_math_text(labels(figure)[0])
    shown = labels(figure)[0].replace("\\$", "$").strip()
    assert shown == (name if len(name) <= style.NAME_LENGTH else name[: style.NAME_LENGTH - 1] + "…")
    assert len(labels(figure)) == 2
    assert b"<script" not in content
    assert b"<img" not in content


def test_files_do_not_depend_on_the_settings_of_the_user(make):
    import matplotlib

    plain = style.rendered(figures.norms(make()), "svg")
    with matplotlib.rc_context({"font.size": 20, "axes.grid": False, "svg.hashsalt": None, "lines.linewidth": 9}):
        assert style.rendered(figures.norms(make()), "svg") == plain
