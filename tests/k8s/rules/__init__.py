"""What must hold of rendered objects; each rule returns sentences about faults."""
