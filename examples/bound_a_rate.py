"""From constants to a bound, from a wanted gradient norm to steps, and over twelve decades of learning rate."""

import numpy as np

import ratetheory as rt

bound = rt.bound_gd(squared_norm=1, learning_rate="3/10", smoothness=1, gap="1/2", steps=10_000)
print(f"after 10,000 steps some gradient norm is at most {bound.gradient_norm:.6f} ({bound.trust}, {bound.method})")
print(f"the squared norm lies in {bound.enclosure[0]} .. {bound.enclosure[1]}")

needed = rt.bound_gd(squared_norm=1, learning_rate="3/10", smoothness=1, gap="1/2", epsilon="1e-3").steps
print(f"a gradient norm of 1e-3 is reached within {needed:,} steps")

rates = np.logspace(-6, 6, 13)
swept = rt.bound_gd(squared_norm=1.0, learning_rate=rates, smoothness=1.0, gap=0.5, steps=10_000)
for rate, value, method in zip(rates, swept.gradient_norm, swept.method, strict=True):
    print(f"learning rate {rate:8.0e}: gradient norm <= {value:.4g} ({method})")
