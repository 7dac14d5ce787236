"""The FeatureSpec, and the same encoding twice: in Arrow and as a TF graph."""
