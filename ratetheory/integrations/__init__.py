"""The monitor where people already are: Lightning, the Trainer of Hugging Face, TensorBoard. Each needs its framework only."""
