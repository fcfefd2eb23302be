"""One file a claim family: how each conclusion follows by the rules."""
