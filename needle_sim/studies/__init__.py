"""Many runs: parameters times seeds to one table, in threads or on a cluster, resumable."""
