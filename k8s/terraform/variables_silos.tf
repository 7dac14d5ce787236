# The list that the Helm chart takes as values, so that a silo has one name in Kubernetes and
# in Azure. The chart refuses more than Terraform does: `make aks-plan` asks it first.
variable "silos_file" {
  description = "YAML file with the list `silos`: of each silo its id and, where it isn't the default, its slug and tier."
  type        = string
  default     = "../silos.yaml"

  validation {
    condition     = try(length(yamldecode(file(var.silos_file)).silos) > 0, false)
    error_message = "silos_file: expected a YAML file with a list `silos` of at least one silo."
  }
}

variable "inference_on_blobs" {
  description = "Whether runs score silos' blobs where they lie: an identity for steps and shards that reads every silo's container, and a container of predictions for each."
  type        = bool
  default     = false
}
