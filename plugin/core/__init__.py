"""What knows nothing of Blender: strips as numbers, pairs, jobs, the worker. Plain Python 3.10, standard library."""
