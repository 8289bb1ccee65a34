"""Training: the one loop, its order of rows, its learning rate, its checkpoints."""
