"""The command line `fairsilo`."""
