"""From recorded requests to a workload: reading sources, putting requests in order, writing traces and workloads."""
