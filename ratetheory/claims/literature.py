"""The works that the claims' sources name, each once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A work: ``label`` is how sources name it, ``key`` how a bibliography does."""

    key: str
    label: str
    authors: str
    title: str
    where: str


LITERATURE = (
    Reference(
        "arora2019",
        "Arora, Li, Lyu 2019",
        "S. Arora, Z. Li, K. Lyu",
        "Theoretical Analysis of Auto Rate-Tuning by Batch Normalization",
        "ICLR 2019, arXiv:1812.03981",
    ),
    Reference(
        "wu2018",
        "Wu, Ward, Bottou 2018",
        "X. Wu, R. Ward, L. Bottou",
        "WNGrad: Learn the Learning Rate in Gradient Descent",
        "arXiv:1803.02865",
    ),
    Reference(
        "ward2020",
        "Ward, Wu, Bottou 2020",
        "R. Ward, X. Wu, L. Bottou",
        "AdaGrad Stepsizes: Sharp Convergence over Nonconvex Landscapes",
        "Journal of Machine Learning Research 21 (2020), arXiv:1806.01811",
    ),
    Reference(
        "li2019",
        "Li, Arora 2019",
        "Z. Li, S. Arora",
        "An Exponential Learning Rate Schedule for Deep Learning",
        "ICLR 2020, arXiv:1910.07454",
    ),
    Reference(
        "wan2021",
        "Wan et al. 2021",
        "R. Wan, Z. Zhu, X. Zhang, J. Sun",
        "Spherical Motion Dynamics: Learning Dynamics of Normalized Neural Network using SGD and Weight Decay",
        "NeurIPS 2021, arXiv:2006.08419",
    ),
    Reference(
        "heo2021",
        "Heo et al. 2021",
        "B. Heo, S. Chun, S. J. Oh, D. Han, S. Yun, G. Kim, Y. Uh, J.-W. Ha",
        "AdamP: Slowing Down the Slowdown for Momentum Optimizers on Scale-invariant Weights",
        "ICLR 2021, arXiv:2006.08217",
    ),
    Reference(
        "kosson2024",
        "Kosson et al. 2024",
        "A. Kosson, B. Messmer, M. Jaggi",
        "Rotational Equilibrium: How Weight Decay Balances Learning Across Neural Networks",
        "ICML 2024, arXiv:2305.17212",
    ),
    Reference(
        "mehmeti2024",
        "Ali Mehmeti-Göpel, Wand 2024",
        "C. H. X. Ali Mehmeti-Göpel, M. Wand",
        "On the Weight Dynamics of Deep Normalized Networks",
        "ICML 2024, arXiv:2306.00700",
    ),
    Reference(
        "abbaszadehpeivasti2021",
        "Abbaszadehpeivasti, de Klerk, Zamani 2021",
        "H. Abbaszadehpeivasti, E. de Klerk, M. Zamani",
        "The Exact Worst-Case Convergence Rate of the Gradient Method with Fixed Step Lengths for L-Smooth Functions",
        "Optimization Letters 16 (2022)",
    ),
    Reference(
        "hoeffding1963",
        "Hoeffding 1963",
        "W. Hoeffding",
        "Probability Inequalities for Sums of Bounded Random Variables",
        "Journal of the American Statistical Association 58 (1963)",
    ),
    Reference(
        "ville1939", "Ville 1939", "J. Ville", "Étude critique de la notion de collectif", "Gauthier-Villars, Paris 1939"
    ),
)


def cited(source: str) -> tuple[Reference, ...]:
    """The works that a source names."""
    return tuple(reference for reference in LITERATURE if reference.label in source)
