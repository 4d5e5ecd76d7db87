"""The phases of a trial and the epochs of an experiment, one step a file."""
