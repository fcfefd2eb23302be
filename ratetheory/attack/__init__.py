"""How a claim is attacked: instances, simulation with error bars, search, counterexamples."""
