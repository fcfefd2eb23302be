"""Real networks on real images: training under watch, and curvature along the run. The only place that imports torch."""
