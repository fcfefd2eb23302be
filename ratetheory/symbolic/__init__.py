"""How a claim is derived: a small proof checker over sympy, from the definition f(k w) = f(w) to every conclusion.

Reading order: ``vectors`` (inner products, losses), ``algebra`` (normal forms), ``namespace`` (the claims' formulas in sympy),
``formation`` (the grammar of facts), ``kernel`` (facts), the rules (``rules``, ``equations``, ``choices``, ``sequences``,
``inequalities``, ``hypotheses``, ``calculus``, ``extrema``), ``derivations`` (one file a claim family), ``derivation``
(verdicts). How they are printed: ``notation`` (formulas), ``width`` and ``parts`` (long ones), ``prose`` (sentences),
``glossary`` (what symbols and functions mean), ``latex`` (the document).
"""

from __future__ import annotations

from ratetheory.symbolic.derivation import Derivation, derive, render_text
from ratetheory.symbolic.latex import latex_document
from ratetheory.symbolic.namespace import statement

__all__ = ["Derivation", "derive", "latex_document", "render_text", "statement"]
