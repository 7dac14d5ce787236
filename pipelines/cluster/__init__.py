"""The manifests in `k8s/`: silos' objects, made from one list of silos.

Not for talking to Kubeflow or to a cluster, which needs none of this.
"""
