"""BatchInferrer: scores every silo's rows where they lie."""
