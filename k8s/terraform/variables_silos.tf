# Written by `make manifests` to silos.auto.tfvars.json, from k8s/silos.yaml and together
# with the Kubernetes objects, so that names are mapped in one place only.
variable "silos" {
  description = "Silos by slug: their id, namespace and service account in the cluster, and whether they get a storage account or a container in the shared one."
  type = map(object({
    id              = string
    namespace       = string
    service_account = string
    tier            = string
  }))

  validation {
    condition     = length(var.silos) > 0
    error_message = "silos: found none; write silos.auto.tfvars.json with `make manifests`."
  }

  validation {
    condition     = alltrue([for slug in keys(var.silos) : can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", slug)) && length(slug) <= 40])
    error_message = "silos: expected slugs of at most 40 small letters, digits and single hyphens; they become names of containers and namespaces."
  }

  validation {
    condition     = alltrue([for slug, silo in var.silos : silo.namespace == "fairsilo-silo-${slug}"])
    error_message = "silos: expected the namespace fairsilo-silo-SLUG for each silo; another one would federate a foreign service account."
  }

  validation {
    condition     = alltrue([for silo in values(var.silos) : silo.service_account == "silo-worker"])
    error_message = "silos: expected the service account silo-worker for each silo."
  }

  validation {
    condition     = alltrue([for silo in values(var.silos) : contains(["account", "container"], silo.tier)])
    error_message = "silos: expected the tier account or container for each silo."
  }

  validation {
    condition     = length(distinct([for silo in values(var.silos) : silo.id])) == length(var.silos)
    error_message = "silos: found one silo id under two slugs."
  }
}
