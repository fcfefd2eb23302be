"""The bound written out independently of the package, in mpmath: the oracle of the bound's tests."""

from mpmath import atan, e, findroot, inf, lambertw, log, mp, mpf, pi, sqrt

mp.dps = 60


def larger_root(c, Lam, level):
    """Larger B with c B - (Lam/2) ln B = level, by the Lambert function."""
    p = 2 * c / Lam
    exponent = -2 * level / Lam
    argument = -p * e**exponent
    if argument < -1 / e:
        argument = -1 / e
    return -(lambertw(argument, -1).real) / p


def psi(c, Lam, b):
    return c * b - Lam / 2 * log(b)


def boundary_slope(x, Lam, G):
    return (atan(x) + Lam / (2 * G) * (log(1 + x**2) - atan(x) ** 2)) / x


def infimum_by_grid(x_0, Lam, G, points=4000):
    """The infimum of the slope over (0, x_0] on a grid, refined around the best point: never below the true infimum."""
    low, high = mpf(x_0) * mpf(10) ** -9, mpf(x_0)
    for _ in range(6):
        ratio = (high / low) ** (mpf(1) / points)
        grid = [low * ratio**k for k in range(points)] + [high]
        values = [boundary_slope(x, Lam, G) for x in grid]
        best = values.index(min(values))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, points)]
        points = 60
    return min(values)


def two_sums(b_0, B, L, gap):
    """What b <= B implies for the sum of the squared gradients of one block: by the growth of b, and by rotation."""
    return (B**2 - b_0**2) / 2, B * (gap + L / 2 * (log(B) - log(b_0)))


def one_phase_B(slope, b_0, L, gap):
    """B for one block with slope c."""
    low = max(b_0, L / (2 * slope))
    return max(low, larger_root(slope, L, psi(slope, L, b_0) + gap))


def one_phase_C(slope, b_0, L, gap):
    """C for one block with slope c."""
    return min(two_sums(b_0, one_phase_B(slope, b_0, L, gap), L, gap))


def simple_B(b_0, L, gap, G):
    return one_phase_B(atan(G / b_0) / (G / b_0), b_0, L, gap)


def two_phase_B(b_0, L, gap, G):
    if b_0 >= G:
        return inf
    reach = b_0 + G**2 / b_0
    worst = min(pi**2 / 4 * L, gap + L / 2 * log(reach / b_0))
    c = atan(b_0 / G) / (b_0 / G)
    level = max(psi(c, L, G**2 / b_0), psi(c, L, reach)) + worst
    return max(reach, larger_root(c, L, level))


def smaller_G(b_0, L, gap):
    rise = mpf(0) if b_0 >= L / 2 else L / 2 * log(L / (2 * b_0)) + pi**2 * L / 8
    return min(pi / 2 * L, sqrt(2 * L * (gap + rise)))


__all__ = ["findroot", "infimum_by_grid", "mpf", "one_phase_B", "pi", "simple_B", "smaller_G", "two_phase_B", "two_sums"]
