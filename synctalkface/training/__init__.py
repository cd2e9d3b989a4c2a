"""Training: the terms of one step, the schedules, the checkpoints, and the loop that owns everything else."""
