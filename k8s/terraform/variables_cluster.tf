variable "kubernetes_version" {
  description = "Minor version of Kubernetes, such as 1.33; null takes what AKS recommends when the cluster is made. Patches come by themselves in the maintenance window."
  type        = string
  default     = null

  validation {
    condition     = var.kubernetes_version == null || can(regex("^1\\.[0-9]+$", var.kubernetes_version))
    error_message = "kubernetes_version: expected a minor version, such as 1.33."
  }
}

variable "vnet_cidr" {
  description = "Addresses of the virtual network; its subnets are cut from it."
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrhost(var.vnet_cidr, 0)) && try(tonumber(split("/", var.vnet_cidr)[1]) <= 20, false)
    error_message = "vnet_cidr: expected a range of /20 or wider, such as 10.40.0.0/16."
  }
}

variable "pod_cidr" {
  description = "Addresses of pods, in the overlay: seen nowhere outside the cluster."
  type        = string
  default     = "10.244.0.0/16"

  validation {
    condition     = can(cidrhost(var.pod_cidr, 0))
    error_message = "pod_cidr: expected a range, such as 10.244.0.0/16."
  }
}

variable "service_cidr" {
  description = "Addresses of Kubernetes services."
  type        = string
  default     = "10.245.0.0/16"

  validation {
    condition     = can(cidrhost(var.service_cidr, 0)) && try(tonumber(split("/", var.service_cidr)[1]) > 12, false)
    error_message = "service_cidr: expected a range smaller than /12, such as 10.245.0.0/16."
  }

  # Two ranges overlap where their first addresses agree under the shorter mask.
  validation {
    condition = alltrue([
      for pair in [
        [var.vnet_cidr, var.pod_cidr],
        [var.vnet_cidr, var.service_cidr],
        [var.pod_cidr, var.service_cidr],
      ] :
      try(length(distinct([
        for range in pair : cidrhost(format(
          "%s/%d",
          split("/", range)[0],
          min([for other in pair : tonumber(split("/", other)[1])]...),
        ), 0)
      ])) == 2, true)
    ])
    error_message = "vnet_cidr, pod_cidr and service_cidr: found ranges that overlap, expected three apart."
  }
}

variable "system_pool" {
  description = "Nodes of Kubernetes' own add-ons."
  type = object({
    vm_size   = string
    min_count = number
    max_count = number
  })
  default = {
    vm_size   = "Standard_D2s_v5"
    min_count = 2
    max_count = 3
  }

  validation {
    condition     = var.system_pool.min_count >= 1 && var.system_pool.max_count >= var.system_pool.min_count
    error_message = "system_pool: expected 1 <= min_count <= max_count."
  }
}

variable "worker_pool" {
  description = "Nodes of Kubeflow Pipelines, steps and silo workers."
  type = object({
    vm_size   = string
    min_count = number
    max_count = number
  })
  default = {
    vm_size   = "Standard_D8s_v5"
    min_count = 1
    max_count = 4
  }

  validation {
    condition     = var.worker_pool.min_count >= 1 && var.worker_pool.max_count >= var.worker_pool.min_count
    error_message = "worker_pool: expected 1 <= min_count <= max_count; silo workers run all the time."
  }
}
