"""Certificates from checkpoints against runs whose gradients are known, and what they say of runs that they are not for."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
import torch

from ratetheory import certify, find_blocks
from ratetheory.observation.families import Blocks, Family, Member
from tests.training.runs import CONVOLUTIONS, Net, follow, hat_weights, rayleigh, save, train

NAMES = tuple(f"{name}:filter" for name in CONVOLUTIONS)
ROWS, DIMENSION, STEPS = 7, 5, 40
T = np.arange(STEPS)
CASES = {
    "constant": (np.full(STEPS, 0.05), np.zeros(STEPS)),
    "small": (np.full(STEPS, 1e-4), np.zeros(STEPS)),
    "large": (np.full(STEPS, 50.0), np.zeros(STEPS)),
    "cosine": (0.1 * (1 + np.cos(np.pi * T / STEPS)) / 2, np.zeros(STEPS)),
    "warm-up": (0.1 * np.minimum(T / 10, 1), np.zeros(STEPS)),
    "decay": (np.full(STEPS, 0.05), np.full(STEPS, 0.4)),
    "strong decay": (np.full(STEPS, 0.1), np.full(STEPS, 6.0)),
    "both": (0.1 * 0.97**T, 0.5 * (T % 2)),
}


def written(directory, rates, decays):
    path = directory / "schedule.csv"
    rows = "".join(f"{t},{a!r},{b!r}\n" for t, (a, b) in enumerate(zip(rates.tolist(), decays.tolist(), strict=True)))
    path.write_text("step,learning_rate,weight_decay\n" + rows)
    return path


def blocks_of(result):
    return [block for family in result.families for block in family.blocks]


@pytest.mark.parametrize("case", CASES)
def test_the_mean_and_the_least_of_a_known_run_are_inside_for_every_block(case, tmp_path):
    rates, decays = CASES[case]
    gradient, w = rayleigh(ROWS, DIMENSION, 3)
    path, squares = follow(w, gradient, rates, decays)
    files = [save(tmp_path / f"{t}.pt", w=path[t]) for t in (0, STEPS)]
    result = certify(files, steps=STEPS, schedule=written(tmp_path, rates, decays), tensors=["w:filter"])
    weights = hat_weights(rates, decays)
    means, grown = weights @ squares / weights.sum(), np.sum(path[-1] ** 2, axis=1) / np.sum(w**2, axis=1)
    grown = grown / np.prod(1 - rates * decays) ** 2
    assert result.effective_steps == pytest.approx(weights.sum() ** 2 / np.sum(weights**2), rel=1e-9)
    for block, mean, least, ratio in zip(blocks_of(result), means, squares.min(axis=0), grown, strict=True):
        assert block.status == "held"
        assert float(block.mean[0]) <= mean <= float(block.mean[1])
        assert least <= float(block.least) == float(block.mean[1])
        # the width is the growth, and what rounding may have made of a small one: (2 T + 1) units of the norm at each end
        assert float(block.mean[1] / block.mean[0]) == pytest.approx((ratio + 1) / 2, rel=1e-9 + 1e-13 / (ratio - 1))


def test_a_constant_rate_is_the_growth_certificate(tmp_path):
    rates, decays = CASES["constant"]
    gradient, w = rayleigh(ROWS, DIMENSION, 4)
    path, squares = follow(w, gradient, rates, decays)
    files = [save(tmp_path / f"{t}.pt", w=path[t]) for t in (0, STEPS)]
    result = certify(files, steps=STEPS, learning_rate=0.05, tensors=["w:filter"])
    b_0, b_T = (np.sum(path[t] ** 2, axis=1) / 0.05 for t in (0, STEPS))
    low, high = zip(*(block.mean for block in blocks_of(result)), strict=True)
    np.testing.assert_allclose(np.array(low, float), b_0 * (b_T - b_0) / STEPS, rtol=1e-11)
    np.testing.assert_allclose(np.array(high, float), (b_T**2 - b_0**2) / (2 * STEPS), rtol=1e-11)
    assert result.effective_steps == pytest.approx(STEPS)
    total = result.total()
    assert float(total.mean[0]) <= squares.mean(axis=0).sum() <= float(total.mean[1])


def test_a_layer_of_blocks_is_one_block_too(tmp_path):
    """All rows together are invariant, and S and |G|^2 of the whole obey the same step."""
    rates, decays = CASES["decay"]
    gradient, w = rayleigh(ROWS, DIMENSION, 5)
    path, _ = follow(w, gradient, rates, decays)
    files = [save(tmp_path / f"{t}.pt", w=path[t]) for t in (0, STEPS)]
    result = certify(files, steps=STEPS, learning_rate=0.05, weight_decay=0.4, tensors=["w"])
    # G of the whole: |w| times the gradient of all rows
    gradient, _ = rayleigh(ROWS, DIMENSION, 5)
    whole = np.array([np.sum(w**2) * np.sum(gradient(w) ** 2) for w in path[:-1]])
    weights = hat_weights(rates, decays)
    (block,) = blocks_of(result)
    assert float(block.mean[0]) <= weights @ whole / weights.sum() <= float(block.mean[1])
    assert whole.min() <= float(block.least)


@pytest.mark.parametrize("case", ["large", "both"])
def test_more_checkpoints_tighten_both_ends(case, tmp_path):
    rates, decays = CASES[case]
    gradient, w = rayleigh(ROWS, DIMENSION, 6)
    path, squares = follow(w, gradient, rates, decays)
    schedule, at = written(tmp_path, rates, decays), [0, 4, 10, 25, STEPS]
    files = {t: save(tmp_path / f"{t}.pt", w=path[t]) for t in at}
    one = certify([files[0], files[STEPS]], steps=STEPS, schedule=schedule, tensors=["w:filter"])
    many = certify(list(files.values()), steps=np.diff(at).tolist(), schedule=schedule, tensors=["w:filter"])
    parts = [(hat_weights(rates[a:b], decays[a:b]), squares[a:b], b - a) for a, b in pairwise(at)]
    means = sum(T * (weights @ found / weights.sum()) for weights, found, T in parts) / STEPS
    for wide, tight, mean, least in zip(blocks_of(one), blocks_of(many), means, squares.min(axis=0), strict=True):
        assert float(tight.mean[0]) <= mean <= float(tight.mean[1])
        assert least <= float(tight.least) <= float(tight.mean[1])
        assert tight.mean[1] / tight.mean[0] < wide.mean[1] / wide.mean[0]
    assert many.effective_steps >= one.effective_steps * 0.999


@pytest.mark.parametrize(("epsilon", "decay"), [(1e-5, 0.0), (1e-30, 0.0), (1e-5, 2e-3)])
def test_with_a_table_the_eps_of_the_normalisation_is_no_surprise(epsilon, decay, tmp_path):
    words = Counter()
    # after one step at a large rate the truth is the lower end
    for steps, rate in ((60, 1e-3), (60, 0.1), (60, 1.0), (60, 10.0), (1, 30.0), (1, 300.0)):
        torch.manual_seed(2)
        net = Net(epsilon).double()
        table = find_blocks(net, torch.randn(32, 1, 6, 6, dtype=torch.float64), explain=False)
        first = save(tmp_path / "first.pt", **net.state_dict())
        squares, weights = train(net, steps, rate, decay), hat_weights(np.full(steps, rate), np.full(steps, decay))
        last = save(tmp_path / "last.pt", **net.state_dict())
        given = {"steps": steps, "learning_rate": rate, "weight_decay": decay}
        result = certify([first, last], **given, blocks=table, tensors=CONVOLUTIONS)
        for family in result.families:
            for block, mean in zip(family.blocks, weights @ squares[family.family] / weights.sum(), strict=True):
                words[block.status, rate] += 1
                if block.mean is not None:
                    low, high = float(block.mean[0]), float(block.mean[1])
                    assert low * (1 - block.shift) <= mean * (1 + 1e-12)
                    assert mean <= high * (1 + block.shift) * (1 + 1e-12)
                    assert (block.shift > 1e-9) == (epsilon == 1e-5)
                else:
                    assert "eps of the normalisation may explain it" in block.reason
    if epsilon == 1e-30:
        assert {word for word, _ in words} == {"held"}
    else:
        # by exact invariance alone the truth is outside at the first rate, for every filter
        assert words["undecided", 1e-3] == 11
        assert words["held", 1.0] + words["held", 10.0] > 15


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_batch_normalised_network_in_both_precisions(dtype, decay, tmp_path):
    torch.manual_seed(2)
    net, steps = Net(), 60
    net.to(dtype)
    first = save(tmp_path / "first.pt", **net.state_dict())
    squares = train(net, steps, 0.2, decay, dtype=dtype)
    last = save(tmp_path / "last.pt", **net.state_dict())
    # the rate and the decay that the run used are the doubles, and what they are rounded to is part of the allowance
    result = certify([first, last], steps=steps, learning_rate=0.2, weight_decay=decay, tensors=NAMES)
    assert result.precision == str(dtype).removeprefix("torch.")
    weights = hat_weights([0.2] * steps, [decay] * steps)
    for family, name in zip(result.families, CONVOLUTIONS, strict=True):
        means = weights @ squares[name] / weights.sum()
        for block, mean, least in zip(family.blocks, means, squares[name].min(axis=0), strict=True):
            assert block.status == "held"
            assert float(block.mean[0]) <= mean <= float(block.mean[1])
            assert least <= float(block.least)
            grown = float(block.growth) / (1 - 0.2 * decay) ** (2 * steps)
            assert float(block.mean[1] / block.mean[0]) == pytest.approx((grown + 1) / 2, rel=1e-3)
        assert float(family.worst.mean[1]) == max(float(block.mean[1]) for block in family.blocks)


def outside(result, squares):
    """Of how many blocks the plain mean is outside the interval that is printed."""
    known = [
        (b, q)
        for f, name in zip(result.families, CONVOLUTIONS, strict=True)
        for b, q in zip(f.blocks, squares[name].T, strict=True)
    ]
    return sum(b.mean is not None and not float(b.mean[0]) <= q.mean() <= float(b.mean[1]) for b, q in known)


def net_run(directory, steps=60, rate=0.2, epsilon=1e-30, **options):
    torch.manual_seed(3)
    net = Net(epsilon).double()
    first = save(directory / "first.pt", **net.state_dict())
    squares = train(net, steps, rate, **options)
    return [first, save(directory / "last.pt", **net.state_dict())], squares


def test_momentum_that_is_not_declared_puts_the_truth_outside(tmp_path):
    """Norms still grow, so nothing can be noticed: the assumption is the user's."""
    files, squares = net_run(tmp_path, momentum=0.9, rate=0.05)
    result = certify(files, steps=60, learning_rate=0.05, tensors=NAMES)
    assert outside(result, squares) == 11
    declared = certify(files, steps=60, learning_rate=0.05, tensors=NAMES, momentum=0.9)
    assert set(declared.statuses()) == {"undecided"}
    assert all(block.mean is None and block.least is None for block in blocks_of(declared))


def test_decay_that_is_not_declared_is_a_violation(tmp_path):
    files, squares = net_run(tmp_path, decay=0.2, rate=0.05)
    result = certify(files, steps=60, learning_rate=0.05, tensors=NAMES)
    assert set(result.statuses()) == {"violated"}
    assert "weight decay that was not given" in result.as_dict()["violated"]
    weak, squares = net_run(tmp_path, decay=0.002, rate=0.2)
    result = certify(weak, steps=60, learning_rate=0.2, tensors=NAMES)
    # where the norms still grow, the truth is outside and nothing can be noticed
    assert result.statuses().count("held") > 0
    assert outside(result, squares) > 0


def test_an_eps_that_is_not_small_beside_the_variance_is_a_violation_or_puts_the_truth_outside(tmp_path):
    files, squares = net_run(tmp_path, epsilon=1e-5, rate=1e-4, size=1e-2)
    result = certify(files, steps=60, learning_rate=1e-4, tensors=NAMES)
    assert result.statuses().count("violated") + outside(result, squares) >= 5
    assert "violated" in result.statuses()


def test_wrong_steps_and_rates_put_the_truth_outside(tmp_path):
    """Two checkpoints cannot tell: the mean only scales."""
    files, squares = net_run(tmp_path, rate=0.05)
    assert outside(certify(files, steps=60, learning_rate=0.05, tensors=NAMES), squares) == 0
    assert outside(certify(files, steps=30, learning_rate=0.05, tensors=NAMES), squares) == 11
    assert outside(certify(files, steps=60, learning_rate=0.025, tensors=NAMES), squares) == 11


def test_checkpoints_in_the_wrong_order_are_a_violation(tmp_path):
    files, _ = net_run(tmp_path)
    result = certify(files[::-1], steps=60, learning_rate=0.2, tensors=NAMES)
    assert set(result.statuses()) == {"violated"}
    assert all(block.mean is None for block in blocks_of(result))
    assert "checkpoints in the wrong order" in result.as_dict()["violated"]
    assert "|w|^2 fell to 0." in blocks_of(result)[0].reason
    assert result.total().mean is None


def test_growth_below_rounding_is_not_resolvable_and_its_upper_end_holds(tmp_path):
    torch.manual_seed(4)
    net = Net().float()
    first = save(tmp_path / "first.pt", **net.state_dict())
    squares = train(net, 60, 1e-3, dtype=torch.float32)
    last = save(tmp_path / "last.pt", **net.state_dict())
    result = certify([first, last], steps=60, learning_rate=1e-3, tensors=NAMES)
    assert "not resolvable" in result.statuses()
    assert "violated" not in result.statuses()
    assert outside(result, squares) == 0
    assert all(block.mean[0] == 0 for block in blocks_of(result) if block.status == "not resolvable")


def test_a_checkpoint_coarser_than_the_run_is_enclosed(tmp_path):
    torch.manual_seed(5)
    net = Net()
    net.double()
    tensors = [{k: v.clone() for k, v in net.state_dict().items()}]
    squares = train(net, 60, 2.0)
    tensors.append(net.state_dict())
    files = []
    for name, found in zip(("first", "last"), tensors, strict=True):
        files.append(save(tmp_path / f"{name}.pt", **{k: found[k].to(torch.float16) for k in CONVOLUTIONS}))
    run = certify(files, steps=60, learning_rate=2, tensors=NAMES, precision="float64")
    assert outside(run, squares) == 0
    assert set(run.statuses()) == {"held"}
    stored = certify(files, steps=60, learning_rate=2, tensors=NAMES)
    assert stored.precision == "float16"
    for narrow, wide in zip(blocks_of(run), blocks_of(stored), strict=True):
        assert wide.mean[0] < narrow.mean[0]
        assert wide.mean[1] > narrow.mean[1]


def test_blocks_that_did_not_change_are_said_to_be_so_and_certify_nothing(tmp_path):
    w = np.random.default_rng(0).normal(size=(3, 4))
    moved = w.copy()
    moved[1] *= 1.1
    files = [save(tmp_path / "0.pt", w=w), save(tmp_path / "1.pt", w=moved)]
    result = certify(files, steps=5, learning_rate=0.1, tensors=["w:filter"])
    assert result.statuses() == ["not applicable", "held", "not applicable"]
    # not zero: a step may have been lost in rounding
    low, high = blocks_of(result)[0].mean
    assert low == 0 < high < Decimal("1e-10")
    assert "unchanged bit for bit" in blocks_of(result)[0].reason
    assert result.families[0].worst.block == result.families[0].median.block == "w[1]"
    decayed = certify(files, steps=5, learning_rate=0.1, weight_decay=0.1, tensors=["w:filter"])
    assert decayed.statuses() == ["undecided", "held", "undecided"]


def family(name, verdict, parts=3, dead=(), members=None):
    return Family(name, verdict, "filter", parts, 12 // parts, members or (Member(name, 0, 0, 3),), "so", dead)


def test_the_table_decides_what_is_certified(tmp_path):
    rng = np.random.default_rng(1)
    w = {name: rng.normal(size=(3, 4)) for name in "abcde"}
    files = [save(tmp_path / f"{k}.pt", **{n: v * (1 + 0.1 * k) for n, v in w.items()}) for k in range(2)]
    joint = Family("pair", "joint", "layer", 1, 24, (Member("d", 0, 0, 3), Member("e", 0, 0, 3)), "together")
    table = Blocks((family("a", "alone", dead=(2,)), family("b", "not"), family("c", "dead"), joint))
    result = certify(files, steps=9, learning_rate=0.1, blocks=table)
    assert [f.family for f in result.families] == ["a", "pair"]
    assert result.statuses() == ["held", "held", "not applicable", "held"]
    assert result.left_out == (("b", "not scale-invariant (so)"), ("c", "dead: no gradient, so its norm says nothing (so)"))
    # dead now, before a gain of zero say, and invariant: the norm has grown since
    later = Blocks((replace(table.families[2], elsewhere="alone"),))
    assert certify(files, steps=9, learning_rate=0.1, blocks=later).statuses() == ["held"] * 3
    S = sum(np.sum(w[n] ** 2) for n in "de")
    (pair,) = result.families[1].blocks
    assert float(pair.mean[1]) == pytest.approx(S**2 * (1.1**4 - 1) / (2 * 0.01 * 9), rel=1e-12)
    for name in "bc":
        asked = certify(files, steps=9, learning_rate=0.1, blocks=table, tensors=[name])
        assert set(asked.statuses()) == {"undecided"}
        assert all(block.mean is None for block in blocks_of(asked))
    nothing = certify(files, steps=9, learning_rate=0.1, blocks=Blocks((family("b", "not"),)))
    assert (set(nothing.statuses()), nothing.trust) == ({"undecided"}, None)
    with pytest.raises(ValueError, match="an empty table"):
        certify(files, steps=9, learning_rate=0.1, blocks=Blocks(()))
    with pytest.raises(ValueError, match="tensors: 'zz' is not allowed"):
        certify(files, steps=9, learning_rate=0.1, blocks=table, tensors=["zz"])
    with pytest.raises(ValueError, match=r"0\.pt: blocks: x: 'a' has shape \(3, 4\)"):
        certify(files, steps=9, learning_rate=0.1, blocks=Blocks((family("x", "alone", members=(Member("a", 1, 0, 6),)),)))


def test_a_tensor_without_entries_is_refused(tmp_path):
    torch.save({"w": torch.ones(3, 4)}, tmp_path / "0.pt")
    torch.save({"w": torch.ones(3, 4, device="meta")}, tmp_path / "1.pt")
    with pytest.raises(ValueError, match="stored without its entries"):
        certify([tmp_path / "0.pt", tmp_path / "1.pt"], steps=9, learning_rate=0.1, tensors=["w"])
