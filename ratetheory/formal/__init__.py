"""How claims are proved by machine: their statements in Gallina, the theorems that prove them, the compiler, the verdicts."""
