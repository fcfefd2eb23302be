"""Judges the statement of a user's own claim, which comes as data: ``python -m ratetheory.own.judge``.

Nothing of the user's file runs here. Each verdict is sent as soon as it is there, so that a limit met later takes none back.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import AbstractContextManager
from typing import Any

from ratetheory.attack.arenas import arena_of, provided
from ratetheory.attack.arenas.own import own_arena, restricted
from ratetheory.attack.replay import replay
from ratetheory.attack.search import Undecided, attack
from ratetheory.claims.statement import Conclusion
from ratetheory.own.data import Checked, from_data
from ratetheory.own.limits import Limited
from ratetheory.own.verify import lacking
from ratetheory.own.writing import OWN_SETTING
from ratetheory.verdict import Verdict

_ATTACK_SHARE = 0.5


def main() -> None:
    """Judge the claim on standard input."""
    process = Limited(sys.argv[1:])
    asked = json.loads(sys.stdin.read())
    checked = lacking(from_data(asked["claim"]), asked["drop"])
    try:
        if asked["replay"] is not None:
            process.answer(_replayed(checked, asked["replay"]))
        else:
            _judge(process, checked, asked["seed"], asked["budget"])
    except MemoryError:
        process.answer({"limit": "memory"})


def arena_for(checked: Checked) -> AbstractContextManager[None]:
    """Inside, the claim is attacked where its letters have their ranges and its comparisons hold."""
    claim = checked.claim
    arena = own_arena(claim, checked.points) if claim.letters else arena_of(claim.setting)
    return provided(restricted(arena, {h.slug: h.states for h in claim.hypotheses if h.states is not None}))


def _judge(process: Limited, checked: Checked, seed: int, budget: float) -> None:
    start = time.monotonic()
    attacked = attack_own(checked, seed, _ATTACK_SHARE * budget)
    process.answer({"verdict": attacked.as_dict()})
    process.answer({"statements": statements(checked)})
    left = budget - (time.monotonic() - start)
    if attacked.status == "refuted" or left <= 0:
        reason = "the attack found a counterexample" if attacked.status == "refuted" else "the budget ended before it"
        derived = Verdict(checked.claim.slug, "derivation", "undecided", {"reason": reason})
    else:
        derived = derive_own(checked, left)
    process.answer({"verdict": derived.as_dict()})


def statements(checked: Checked) -> dict[str, str]:
    """Each conclusion as it was read."""
    from ratetheory.symbolic import statement

    return {c.slug: str(statement(checked.claim, c)) for c in checked.claim.conclusions}


def attack_own(checked: Checked, seed: int, budget: float) -> Verdict:
    """Attack the claim; with letters of its own a counterexample counts once ball arithmetic confirms it."""
    claim = checked.claim
    start = time.monotonic()
    with arena_for(checked):
        try:
            verdict = attack(claim, seed=seed, budget=budget)
        except Undecided as unfinished:
            evidence = {"reason": str(unfinished), **unfinished.evidence}
            return Verdict(claim.slug, "attack", "undecided", evidence, seed, time.monotonic() - start)
        except KeyError as missing:
            evidence = {"reason": f"the setting {claim.setting!r} has no letter {missing.args[0]!r}"}
            return Verdict(claim.slug, "attack", "undecided", evidence, seed, time.monotonic() - start)
    if verdict.status == "refuted" and (unsure := _unsure(checked, verdict.evidence["counterexample"])) is not None:
        return Verdict(claim.slug, "attack", "undecided", {"reason": unsure}, seed, verdict.seconds)
    return verdict


def _unsure(checked: Checked, found: dict[str, Any]) -> str | None:
    """Why a counterexample to a claim with letters of its own does not count; ``None`` if it does."""
    claim = checked.claim
    if claim.setting != OWN_SETTING or confirmed(checked, claim.conclusion(found["conclusion"]), found["instance"]["numbers"]):
        return None
    return f"ball arithmetic does not confirm the counterexample to {found['conclusion']}"


def confirmed(checked: Checked, conclusion: Conclusion, numbers: dict[str, float]) -> bool:
    """Whether ball arithmetic finds the conclusion violated at the point, and every comparison met there.

    An equation among the hypotheses was compared in exact fractions already.
    """
    import flint

    from ratetheory.numeric import balls

    point = {name: flint.arb(value) for name, value in numbers.items()}
    precision, flint.ctx.prec = flint.ctx.prec, 400
    try:
        gap = conclusion.right(balls, point) - conclusion.left(balls, point)
        violated = gap < 0 or (conclusion.relation == "==" and gap > 0)
        for hypothesis in checked.claim.hypotheses:
            states = hypothesis.states
            if states is None or states.relation == "==":
                continue
            room = states.right(balls, point) - states.left(balls, point)
            if not (room > 0 or (states.relation == "<=" and room >= 0)):
                return False
        return bool(violated)
    finally:
        flint.ctx.prec = precision


def derive_own(checked: Checked, budget: float) -> Verdict:
    """Derive every conclusion, from the steps given or by what the tactics find."""
    from ratetheory.symbolic.derivation import derive
    from ratetheory.symbolic.tactics import derivations

    return derive(checked.claim, budget, derivations(checked.claim, checked.steps)).verdict


def _replayed(checked: Checked, found: dict[str, Any]) -> dict[str, Any]:
    with arena_for(checked):
        try:
            verdict = replay(found, {checked.claim.slug: checked.claim})
            if verdict.status == "refuted" and (unsure := _unsure(checked, found)) is not None:
                return {"undecided": unsure}
            relation = checked.claim.conclusion(found["conclusion"]).relation
            return {"replayed": {**verdict.as_dict(), "evidence": {**verdict.evidence, "relation": relation}}}
        except Undecided as undecided:
            return {"undecided": str(undecided)}
        except ValueError as error:
            return {"error": str(error)}


if __name__ == "__main__":
    main()
