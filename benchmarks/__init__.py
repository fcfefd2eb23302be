"""Speed as ratios against a peer or a physical limit, measured side by side."""
