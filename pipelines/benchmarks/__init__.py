"""What `fairsilo bench` measures: speed, as ratios within one run."""
