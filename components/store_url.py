"""Where the shared store lies."""

VARIABLE = "FAIRSILO_STORE"
FROM_ENVIRONMENT = "env:FAIRSILO_STORE"
