"""Decay, momentum and updates of any kind against plain loops in mpmath, and planted faults that error bars must not hide."""

import mpmath
import numpy as np
import pytest

from ratetheory.attack.arenas import arena_of, methods, objectives
from ratetheory.attack.search import judge
from ratetheory.claims import claims
from tests.attack.transcription import axis, derivative, start, transcription

mpf = mpmath.mpf
ARENA = arena_of("optimizer")
FAMILIES = {family.name: family for family in ARENA.families}
STEPS = 4
SLUGS = ("decay-equivalence", "momentum-growth", "optimizer-growth")


def sampled(name, count=4, steps=STEPS, seed=0):
    return ARENA.sample(FAMILIES[name], count, steps, np.random.default_rng(seed))


def dot(x, y):
    return mpmath.fsum(a * b for a, b in zip(x, y, strict=True))


def gradient(p, i, w, t):
    """The gradients of all blocks at the lists w, with the tilt of step t."""
    f = transcription(p, i)
    found = [[derivative(f, (w, mpf(0)), (axis(w, j, c), 0)) for c in range(len(w[j]))] for j in range(len(w))]
    if "tilt" not in p:
        return found
    tilted = []
    for j, block in enumerate(w):
        size = mpmath.sqrt(dot(block, block))
        v = [x / size for x in block]
        tilt = [mpf(x) for x in p["tilt"][i, 0, min(j, p["tilt"].shape[2] - 1)]]
        inner = dot(v, tilt)
        tilted.append([G + (-1) ** t * (a - x * inner) / size for G, a, x in zip(found[j], tilt, v, strict=True)])
    return tilted


def rates(p, i, j, t):
    """Learning rate, decay and momentum of block j at step t."""
    eta, beta = mpf(p["eta"][i, 0, j]), mpf(p["beta"][i, 0, 0]) if "beta" in p else mpf(0)
    if "cycle" in p:
        # the product is a float of its own
        eta = mpf(float(p["eta"][i, 0, j] * p["cycle"][i, 0, t % 3]))
    if "root" in p:
        a = mpf(p["root"][i, 0, j])
        return eta, (1 - a) * (a - beta) / (eta * a), beta
    return eta, mpf(float(p["decay"][i, 0, t % 3] / float(eta))) if "decay" in p else mpf(0), beta


def run(p, i, steps, nesterov=False):
    """Weights and buffers at every step, as the update rules say."""
    w = start({**p, "g": np.zeros((i + 1, 1, 1))}, i)[0]
    m = [[mpf(x) for x in b] for b in p["buffer"][i, 0]] if "buffer" in p else [[mpf(0)] * len(b) for b in w]
    states = [(w, m)]
    for t in range(steps):
        after, buffers = [], []
        for j, G in enumerate(gradient(p, i, w, t)):
            eta, lam, beta = rates(p, i, j, t)
            d = [g + lam * x for g, x in zip(G, w[j], strict=True)]
            buffer = [beta * b + x for b, x in zip(m[j], d, strict=True)]
            step = [x + beta * b for x, b in zip(d, buffer, strict=True)] if nesterov else buffer
            after.append([x - eta * y for x, y in zip(w[j], step, strict=True)])
            buffers.append(buffer)
        w, m = after, buffers
        states.append((w, m))
    return states


METHODS = [name for name in FAMILIES if not name.startswith("any-update") and "/" not in name]


@pytest.mark.parametrize("name", METHODS)
def test_the_error_bars_hold_the_exact_first_step(name):
    with mpmath.workdps(50):
        batch = sampled(name)
        record = ARENA.record(batch)
        for i in range(len(batch)):
            states = run(batch.numbers, i, 1, batch.family.base.startswith("nesterov"))
            for j in range(batch.family.blocks):
                eta, lam, beta = rates(batch.numbers, i, j, 0)
                (w, m), (w_1, m_1) = ((state[0][j], state[1][j]) for state in states)
                u = [b - a for a, b in zip(w, w_1, strict=True)]
                radial = dot(w, u)
                truth = {
                    "S": (dot(w, w), dot(w_1, w_1)),
                    "p": (dot(w, m), dot(w_1, m_1)),
                    "m_sq": (dot(m, m), dot(m_1, m_1)),
                    "lam": (lam,),
                    "inertia": (mpf(0), beta * eta * dot(m_1, m_1)),
                    "update": (mpmath.sqrt(dot(u, u)),),
                    "radial_update": (radial,),
                    "tangential_update": (mpmath.sqrt(dot(u, u) - radial**2 / dot(w, w)),),
                    "angle": (mpmath.acos(dot(w, w_1) / mpmath.sqrt(dot(w, w) * dot(w_1, w_1))),),
                    "drift": (mpf(0),),
                    "buffer_drift": (mpf(0),),
                }
                if name.startswith("nesterov"):
                    del truth["drift"], truth["buffer_drift"]
                for symbol, values in truth.items():
                    for t, value in enumerate(values):
                        block = min(j, record[symbol].shape[2] - 1)
                        computed, error = (mpf(a[i, t, block]) for a in (record[symbol].value, record[symbol].error))
                        # derivatives by differences of relative size 1e-20 are good to some 30 digits
                        assert abs(value - computed) <= error + abs(value) * mpf(10) ** -20, (symbol, t)


def without_decay(p, i, states, start_buffer, rate):
    """The directions of heavy ball without decay, from w_0 and a buffer, at any rate: the largest distance from the run's."""
    x, n = [states[0][0][0]], [start_buffer]
    worst = mpf(0)
    beta = mpf(p["beta"][i, 0, 0])
    for t in range(len(states) - 1):
        (G,) = gradient(p, i, x, t)
        n = [[beta * b + g for b, g in zip(n[0], G, strict=True)]]
        x = [[a - rate(t) * b for a, b in zip(x[0], n[0], strict=True)]]
        w = states[t + 1][0][0]
        sizes = mpmath.sqrt(dot(x[0], x[0])), mpmath.sqrt(dot(w, w))
        chord = [a / sizes[0] - b / sizes[1] for a, b in zip(x[0], w, strict=True)]
        worst = max(worst, mpmath.sqrt(dot(chord, chord)))
    return worst


def test_the_whole_run_without_decay_has_the_same_directions_for_either_root_and_the_corrected_buffer_alone():
    """Li and Arora's exponential rate: exact with the corrected buffer, of both roots; with a zero buffer directions differ."""
    with mpmath.workdps(50):
        batch = sampled("heavy-ball-root", 12, seed=3)
        p, smaller, far = batch.numbers, 0, 0
        for i in range(len(batch)):
            eta, _, beta = rates(p, i, 0, 0)
            a = mpf(p["root"][i, 0, 0])
            states = run(p, i, 12)
            w = states[0][0][0]
            corrected = [-(1 - a) * x / (eta * a) for x in w]

            def rate(t, eta=eta, a=a):
                return eta * a ** (-2 * t - 1)

            assert without_decay(p, i, states, corrected, rate) < mpf(10) ** -15
            uncorrected = without_decay(p, i, states, [mpf(0)] * len(w), rate)
            assert uncorrected > mpf(10) ** -12
            smaller += a < mpmath.sqrt(beta)
            far += uncorrected > 0.01
        assert 0 < smaller < len(batch)
        assert far > 0


def test_with_the_zero_buffer_the_rate_of_the_recursion_is_exact_where_the_exponential_one_is_not():
    with mpmath.workdps(50):
        batch = sampled("heavy-ball-root/unsettled", 8, seed=4)
        p = batch.numbers
        for i in range(len(batch)):
            states = run(p, i, 8)
            eta, lam, beta = rates(p, i, 0, 0)
            scale, shift, rate = [mpf(1)], mpf(0), []
            for _ in range(8):
                decay = lam + beta * shift
                rho = 1 - eta * decay
                assert rho > p["root"][i, 0, 0] or p["root"][i, 0, 0] ** 2 < beta
                scale.append(rho * scale[-1])
                rate.append(eta / (scale[-1] * scale[-2]))
                shift = decay / rho
            assert without_decay(p, i, states, [mpf(0)] * 3, lambda t, rate=rate: rate[t]) < mpf(10) ** -15


def test_the_inertia_is_the_sum_over_the_steps_before():
    batch = sampled("heavy-ball", 3, 6)
    record, beta = ARENA.record(batch), batch.numbers["beta"][:, 0]
    eta, squares = record["eta"].value, record["m_sq"].value
    for t in range(7):
        literal = sum(beta ** (t - k) * eta[:, k] * squares[:, k + 1] for k in range(t))
        assert record["inertia"].value[:, t] == pytest.approx(literal + 0 * beta, rel=1e-12)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_radial_part_of_the_gradient_is_noticed(slug, monkeypatch):
    """A fault of 1e-7 of the gradient; what is true of any update stands."""
    plain = objectives.gradient

    def faulty(p, w, g):
        along_w, along_g = plain(p, w, g)
        size = np.sqrt(np.sum(along_w**2, axis=-1, keepdims=True) / np.sum(w**2, axis=-1, keepdims=True))
        return along_w + 1e-7 * size * w, along_g

    batches = [sampled(name, 100, 6) for name in METHODS]
    monkeypatch.setattr(objectives, "gradient", faulty)
    found = {c.slug: False for c in claims[slug].conclusions}
    for batch in batches:
        record = methods.record(batch)
        for c in claims[slug].conclusions:
            if claims[slug].inapplicable(c, ARENA.facts(batch.family)) is None:
                found[c.slug] |= bool(judge(c, record).closeness.max() > 0)
    if slug == "optimizer-growth":
        assert not any(found.values())
    else:
        noticed = {name for name, seen in found.items() if seen}
        # faults of the gradient leave relations among the factors, and the inequalities, true
        assert noticed >= {"norm"} | ({"product", "sum-form", "total"} if slug == "momentum-growth" else set())


def test_factors_that_are_not_positive_decide_nothing():
    batch = sampled("heavy-ball-decay", 1)
    batch.numbers["shift"][:] = 1e9
    record = ARENA.record(batch)
    for c in claims["decay-equivalence"].conclusions:
        if c.slug in ("weights", "buffer", "norm", "rate"):
            assert judge(c, record).closeness.tolist() == [-np.inf]


@pytest.mark.parametrize(
    ("name", "number", "value"),
    [
        ("heavy-ball", "beta", 1.0),
        ("heavy-ball", "cycle", 0.0),
        ("heavy-ball-root", "root", 1.0),
        ("decayed", "decay", 1.5),
        ("any-update", "along", -2.0),
        ("any-update/unrecorded", "factor", 1.5),
        ("any-update", "w", 0.0),
    ],
)
def test_instances_that_break_their_familys_promises_are_refused(name, number, value):
    batch = sampled(name, 1)
    assert ARENA.invalid(batch) is None
    batch.numbers[number] = batch.numbers[number] * 0 + value
    assert number in ARENA.invalid(batch)
