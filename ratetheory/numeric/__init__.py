"""How statements are evaluated and attacked: bounds in floats and in balls, objectives, simulation, falsification."""
